"""Helpers that several tests share. No tests."""
