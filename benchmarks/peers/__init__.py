"""The same work on other libraries, each in a process of its own and as its documentation writes it."""
