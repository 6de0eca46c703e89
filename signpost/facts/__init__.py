"""What rules see of a case: entities, their facts and stages, and the vocabulary of names. Pure."""
