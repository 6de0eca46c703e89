"""Generates JSON Schema, OpenAPI 3.1 and AsyncAPI 3.0 documents from the schemas. No contract is defined here."""
