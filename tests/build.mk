# Tests of the build.
