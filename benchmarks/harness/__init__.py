"""What the benchmarks are run with."""
