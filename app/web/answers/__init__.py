"""The answers of the API, a struct for each. Structs that commands and notifiers show as well lie in the rooms of what they show."""
