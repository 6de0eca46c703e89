"""What is generated from the schemas: JSON Schema, OpenAPI 3.1 and AsyncAPI 3.0 documents, and their examples."""
