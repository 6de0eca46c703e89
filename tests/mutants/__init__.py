"""Mutation tests of the code: small changes of the modules that must not lose anything, and the tests that notice."""
