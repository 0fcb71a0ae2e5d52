"""``python -m tests.bench NAME [OPTIONS]`` runs a benchmark; without a name, lists."""

import sys
from collections.abc import Callable, Mapping, Sequence

from tests.bench import append, asof, pages, polls, tiles, view

BENCHMARKS: Mapping[str, Callable[[Sequence[str]], None]] = {
    "append": append.main,
    "asof": asof.main,
    "pages": pages.main,
    "polls": polls.main,
    "tiles": tiles.main,
    "view": view.main,
}


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark that the first argument names, with the others."""
    match arguments:
        case [name, *options] if name in BENCHMARKS:
            BENCHMARKS[name](options)
            return 0
        case [name, *_]:
            print(f"no benchmark {name!r}; there are:", file=sys.stderr)
            print(*BENCHMARKS, sep="\n", file=sys.stderr)
            return 2
        case _:
            print(*BENCHMARKS, sep="\n")
            return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
