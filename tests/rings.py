#!/usr/bin/env python3
"""Which files call each other in a ring: tests/rings.py OBJECTS LAYER...

OBJECTS holds what was made of bin/*/*.c, bin/*/*/*.c and lib/*/*.c, as nm(1) reads it; only
objects whose source is still there count. A LAYER is one or more folders of lib/
("mail net"), the lowest first. Told are, each with the symbols that make it:
files of one program, or of lib/, that form a ring; folders of lib/ that do; a
file of lib/ that refers to a later layer, or to a program. Exit code 1: there
is one."""
import collections
import glob
import os
import subprocess
import sys


def symbols(objects):
    """What each object defines for others, and what it refers to."""
    defined, wanted = {}, {}
    for source, path in objects.items():
        defined[source], wanted[source] = set(), set()
        lines = subprocess.run(["nm", "-P", path], check=True, text=True,
                               capture_output=True).stdout.splitlines()
        for name, kind in (line.split()[:2] for line in lines):
            if kind in "Uwv":
                wanted[source].add(name)
            elif kind.isupper() or kind == "u":
                defined[source].add(name)
    return defined, wanted


def references(sources, defined, wanted):
    """graph[a][b]: the symbols of b that a refers to."""
    home = {name: s for s in sources for name in defined[s]}
    graph = {s: collections.defaultdict(set) for s in sources}
    for s in sources:
        for name in wanted[s]:
            if home.get(name, s) != s:
                graph[s][home[name]].add(name)
    return graph


def reach(graph, start):
    seen, todo = set(), [start]
    while todo:
        for other in graph[todo.pop()]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def rings(graph):
    """Sets of nodes, each of which leads to all others of its set."""
    reached = {node: reach(graph, node) for node in graph}
    done = set()
    for node in sorted(graph):
        ring = {n for n in reached[node] if node in reached[n]}
        if len(ring) > 1 and node not in done:
            done |= ring
            yield sorted(ring)


def tell_rings(what, graph):
    found = False
    for ring in rings(graph):
        found = True
        print(f"{what}: {len(ring)} form a ring")
        for a in ring:
            for b in ring:
                if graph[a].get(b):
                    print(f"\t{a} -> {b}: {' '.join(sorted(graph[a][b]))}")
    return found


def folder(source):
    return source.split("/")[1]


def folders(graph):
    out = {folder(s): collections.defaultdict(set) for s in graph}
    for a, others in graph.items():
        for b, names in others.items():
            if folder(a) != folder(b):
                out[folder(a)][folder(b)] |= {f"{n} ({a})" for n in names}
    return out


def tell_layers(graph, ranks):
    found = False
    for a, others in sorted(graph.items()):
        for b, names in sorted(others.items()):
            if ranks[folder(b)] > ranks[folder(a)]:
                found = True
                print(f"{a} is below {b}: {' '.join(sorted(names))}")
    return found


def tell_programs(libs, programs, defined, wanted):
    """lib/ refers to what only a program has."""
    found = False
    has = set().union(*(defined[s] for s in libs))
    for p in programs:
        for a in libs:
            names = (wanted[a] - has) & defined[p]
            if names:
                found = True
                print(f"{a} is below {p}: {' '.join(sorted(names))}")
    return found


def main(top, *layers):
    objects = {}
    for source in glob.glob("bin/*/*.c") + glob.glob("bin/*/*/*.c") + glob.glob("lib/*/*.c"):
        objects[source] = os.path.join(top, source[:-1] + "o")
    ranks = {f: i for i, layer in enumerate(layers) for f in layer.split()}
    libs = [s for s in objects if s.startswith("lib/")]
    for s in libs:
        if folder(s) not in ranks:
            sys.exit(f"{s}: its folder is in no layer")
    defined, wanted = symbols(objects)
    graph = references(libs, defined, wanted)
    bad = tell_rings("lib", graph)
    bad |= tell_rings("folders of lib", folders(graph))
    bad |= tell_layers(graph, ranks)
    programs = [s for s in objects if s not in libs]
    bad |= tell_programs(libs, programs, defined, wanted)
    for program in sorted({folder(s) for s in programs}):
        own = [s for s in programs if folder(s) == program]
        bad |= tell_rings(f"bin/{program}", references(own, defined, wanted))
    return bad


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
