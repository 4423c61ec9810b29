"""What the API answers: a struct for each answer; what of it commands and notifiers show as well lies beside what it shows."""
