# Files of tests.
