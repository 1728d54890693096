# Thin on purpose: scripts/install-packages installs, Meson builds and tests.

BUILD ?= build
PORT ?= 6000
ADMIN_PORT ?= 6060
HOST ?= localhost
# e.g. make start ARGS='--topology supervised', make test MESON_ARGS=-Dwerror=true
ARGS ?=
MESON_ARGS ?=
TEST_ARGS ?=
FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 600
# Builds from nothing take large units, which cost a quarter less.
FROM_NOTHING := -Dunity_size=32
# With sanitizers clang++ compiles in a fraction of the time of g++; to optimize
# the tests would take longer than it saves.
CLANG := clang++-19
clang_setup := CXX=$(CLANG) CXX_LD=lld meson setup $(FROM_NOTHING) -Db_lundef=false
# Reports go to files, since tests catch what their process prints. The symbolizer
# that clang 19 looks for is in a Debian package of its own.
reports = external_symbolizer_path=/usr/bin/addr2line:log_path=$(CURDIR)/build-$@/report
show_reports = || { cat build-$@/report.* 2>/dev/null; exit 1; }

IMAGE ?= coppice
NAME ?= coppice
proxies := $(foreach v,http_proxy https_proxy no_proxy,$(if $($(v)),--build-arg $(v)))
# As in docker-compose.yml.
container := --name $(NAME) --stop-timeout 15 --read-only --cap-drop ALL \
	--security-opt no-new-privileges --env COPPICE_ADMIN_TOKEN \
	--tmpfs /run/coppice:uid=10001,gid=10001,mode=0700,size=1m \
	--publish $(PORT):6000 --publish 127.0.0.1:$(ADMIN_PORT):6060

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: start
start: setup ## install what is missing, build, serve on PORT (6000) with ARGS
	@meson compile -C $(BUILD) coppice:executable
	@exec $(BUILD)/coppice serve $(PORT) $(ARGS)

.PHONY: test
test: build ## install what is missing, build, run all tests but the container's
	meson test -C $(BUILD) --print-errorlogs $(TEST_ARGS)

.PHONY: conformance
conformance: build ## prove that coppice behaves as OTP, one line for each part
	@scripts/conformance $(BUILD)

.PHONY: platforms
platforms: ## try both commands on Debian 12, 13, sid; CAF=1.1: all tests with it
	@scripts/platforms $(if $(CAF),--caf $(CAF))

.PHONY: fuzz
fuzz: ## fuzz the code that reads input, for FUZZ_SECONDS (60)
	@scripts/install-packages build clang
	@if [ ! -e build-fuzz/build.ninja ]; then $(clang_setup) build-fuzz \
		-Dfuzz=enabled -Dtests=disabled -Doptimization=1 \
		-Db_sanitize=address,undefined; fi
	@meson compile -C build-fuzz fuzz
	@scripts/fuzz build-fuzz $(FUZZ_SECONDS)

.PHONY: soak
soak: setup ## break a server for SOAK_SECONDS (600); 200 clients check it
	@meson compile -C $(BUILD) coppice:executable
	@scripts/soak $(BUILD) $(SOAK_SECONDS)

# The examples use no more of the library than the tests of the kit, the installed
# copy is tested without sanitizers, and those with Erlang, Elixir or a browser
# mostly run these. The check of vptrs looks at memory through a pipe, and takes
# the lack of descriptors for an error, which tests make; and CAF 0.17 casts the
# sentinels of its queues to elements. The frames that are kept to find their use
# after return are few, since each exception searches them.
.PHONY: asan
asan: ## run the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/install-packages build test clang
	@if [ ! -e build-asan/build.ninja ]; then $(clang_setup) build-asan \
		-Doptimization=0 -Db_sanitize=address,undefined \
		-Dcpp_args=-fno-sanitize=vptr; fi
	@rm -f build-asan/report.*
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:$(reports) \
		ASAN_OPTIONS=min_uar_stack_size_log=14:max_uar_stack_size_log=16:$(reports) \
		meson test -C build-asan --print-errorlogs --timeout-multiplier 4 \
		--no-suite examples --no-suite install --no-suite erlang --no-suite page \
		$(TEST_ARGS) $(show_reports)

# Those with threads of their own.
TSAN_SUITES := actor admin journal nemesis net observe protocol server testing

.PHONY: tsan
tsan: ## run the tests of actors and threads under ThreadSanitizer
	@scripts/install-packages build test clang
	@scripts/instrument-caf build-tsan/caf $(CLANG)
	@if [ ! -e build-tsan/build.ninja ]; then $(clang_setup) build-tsan \
		-Doptimization=0 -Db_sanitize=thread; fi
	@rm -f build-tsan/report.*
	LD_LIBRARY_PATH=$(CURDIR)/build-tsan/caf TSAN_OPTIONS=halt_on_error=1:$(reports) \
		meson test -C build-tsan --print-errorlogs --timeout-multiplier 4 \
		$(addprefix --suite ,$(TSAN_SUITES)) $(TEST_ARGS) $(show_reports)

.PHONY: setup
setup:
	@scripts/install-packages build test
	@if [ ! -e $(BUILD)/build.ninja ]; then meson setup $(BUILD) $(FROM_NOTHING) $(MESON_ARGS); \
	else : $(if $(MESON_ARGS),; meson configure $(BUILD) $(MESON_ARGS)); fi

.PHONY: build
build: setup ## install what is missing and build
	@meson compile -C $(BUILD)

.PHONY: bench
bench: bench-supervision bench-listener ## measure supervision and the listener, beside others

.PHONY: bench-supervision
bench-supervision: setup
	@meson compile -C $(BUILD) supervision-bench
	@bench/run $(BUILD)/bench/supervision-bench $(ARGS)

.PHONY: bench-listener
bench-listener: setup
	@meson compile -C $(BUILD) listener-bench
	@bench/listener/run $(BUILD) $(ARGS)

.PHONY: bench-build
bench-build: setup ## measure the CPU time of a build, e.g. ARGS='073ebde HEAD'
	@bench/build $(ARGS)

.PHONY: format
format: ## format the C++ with clang-format
	@scripts/install-packages format
	find bench examples include src tests -name '*.[ch]pp' -exec clang-format -i {} +

.PHONY: lint
lint: ## check the form of C++, JavaScript and scripts
	@scripts/lint

.PHONY: tidy
tidy: setup ## look for bugs with clang-tidy, e.g. ARGS='net actor'
	@scripts/tidy $(BUILD) $(ARGS)

.PHONY: deb
deb: ## build the Debian packages, in build-deb
	@scripts/build-deb

.PHONY: test-deb
test-deb: deb ## install, upgrade and remove the package in a root with systemd
	@tests/package/run

.PHONY: cert
cert: ## make certificates to try TLS with, in certificates/; for other names, ARGS='a.example'
	@scripts/install-packages tls
	@scripts/make-certificate certificates $(ARGS)

.PHONY: image
image: ## build the container image
	docker build $(proxies) --tag $(IMAGE) .

.PHONY: run
run: image ## serve in a container in the foreground, admin on 127.0.0.1:6060
	docker run --rm $(container) $(IMAGE)

.PHONY: run-detached
run-detached: image ## serve in a container in the background
	docker run --detach --restart unless-stopped $(container) $(IMAGE)

.PHONY: stop
stop: ## stop and remove the container of run or run-detached
	docker stop $(NAME)
	@docker rm $(NAME) 2>/dev/null || true # that of run removes itself

.PHONY: telnet
telnet: ## talk to the server on HOST (localhost) and PORT (6000)
	@if command -v telnet >/dev/null; then exec telnet $(HOST) $(PORT); \
	elif command -v nc >/dev/null; then exec nc $(HOST) $(PORT); \
	else echo 'neither telnet nor nc: apt-get install telnet, or netcat-openbsd' >&2; exit 1; fi

.PHONY: test-docker
test-docker: ## test the container with a real engine; start one where none runs
	@tests/container/run
