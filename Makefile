# make run      builds and starts a silo on loopback with the example configuration
# make cluster  starts three silos on loopback that share DynamoDB Local (STORE=postgresql: a PostgreSQL server;
#               EXECUTOR=orleans: as an Orleans cluster, where Orleans is built)
# make test     installs what the tests need, builds everything, runs all tests
# make bench    runs the benchmarks, prints one table and writes bench/results/bench.json
# make soak     ten minutes of mixed load and ten kills; compares the usage with the clients' tallies (SOAK_ARGS: see docs/TESTING.md)
# make chaos    over-admission under every kind of fault, then 20 random faults on three silos (CHAOS_ARGS: see docs/TESTING.md)
# make docs     writes docs/API.md anew from the comments of the protos
.PHONY: run cluster build orleans test bench soak chaos docs clean

CONFIG ?= quota.yaml

run: orleans
	dotnet run --project $$(grep -q '<Orleans>true' obj/orleans.props && echo src/Silo.Orleans || echo src/Silo) -c Release -- serve --config $(CONFIG)

cluster:
	@bash deploy/cluster/run.sh

build: orleans
	dotnet build Quota.sln -c Release

# Whether the Orleans executor is part of the build; see eng/Orleans.props.
orleans:
	@bash eng/orleans.sh

test:
	@bash tests/run.sh

bench:
	@bash bench/run.sh $(BENCH_ARGS)

soak:
	dotnet run --project tests/Soak -c Release -- drive $(SOAK_ARGS)

chaos:
	@bash tests/chaos.sh $(CHAOS_ARGS)

docs:
	dotnet run --project tools/ApiReference

clean:
	dotnet clean Quota.sln -v quiet
	rm -rf tests/Interop/js/node_modules bench/results
