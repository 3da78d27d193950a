# Models of the protocol, checked exhaustively with spin.
model_tests = tests/model/run.py
dist_check_SCRIPTS += $(model_tests)
TESTS += $(model_tests)
EXTRA_DIST += \
	tests/model/agree.pml \
	tests/model/elect.pml \
	tests/model/order.pml
