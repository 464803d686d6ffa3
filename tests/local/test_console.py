"""The supervisor's output never blocks it."""

from __future__ import annotations

import os

from local.running.console import Console


def read_all(descriptor: int) -> str:
    os.set_blocking(descriptor, False)
    chunks = []
    while True:
        try:
            chunks.append(os.read(descriptor, 65_536))
        except BlockingIOError:
            return b"".join(chunks).decode()


def test_lines_carry_the_name_of_their_process() -> None:
    """A line follows the name of its process, without colour if the output is no terminal."""
    reader, writer = os.pipe()
    Console(writer).line("web", "hello")
    assert read_all(reader) == "web     | hello\n"
    os.close(reader)
    os.close(writer)


def test_an_unread_pipe_drops_lines_and_counts_them() -> None:
    """If the output is not read, printing returns; the number of dropped lines is printed later."""
    reader, writer = os.pipe()
    console = Console(writer)
    for _ in range(200):
        console.line("web", "x" * 1000)
    printed = read_all(reader).count("web")
    console.say("again")
    assert f"{200 - printed} lines were dropped" in read_all(reader)
    os.close(reader)
    os.close(writer)


def test_a_closed_terminal_is_no_error() -> None:
    """Printing to a closed pipe does nothing."""
    reader, writer = os.pipe()
    os.close(reader)
    Console(writer).say("hello")
    os.close(writer)
