# Files of transportd.
