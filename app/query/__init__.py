"""Which logs are meant: the filter tree, what it means, and how it is written, said and edited."""
