"""What is made of the output of strace."""

from __future__ import annotations

import pytest
from systemcalls import Call, Point, moments, parse, points_in, sample

TRACE = r"""
execve("/bin/python", ["python", "/p/x"], 0x7ffd /* 26 vars */) = 0
openat(AT_FDCWD</p>, "out/load.txt", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = 3</p/out/load.txt>
write(3</p/out/load.txt>, "see \"/p/other\"\n", 15) = 15
write(1<pipe:[17]>, "done\n", 5) = 5
openat(AT_FDCWD</p>, "/usr/lib/x.py", O_RDONLY|O_CLOEXEC) = 4</usr/lib/x.py>
newfstatat(3</p/out/load.txt>, "", {st_mode=S_IFREG|0644, st_size=15, ...}, AT_EMPTY_PATH) = 0
rename("/p/out/.cauce-0a1b2c3d.out", "/p/out/load.ipynb") = 0
--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7, si_uid=0, si_status=0, si_utime=4, si_stime=0} ---
openat(AT_FDCWD</p>, "/p/.cauce/logs/1a21bd0ed40-b8fd4324/2.log", O_RDWR|O_CREAT, 0644) = -1 ENOSPC (INJECTED)
readlink("/elsewhere", "/p/out", 1023) = 6
+++ exited with 0 +++
"""


def test_calls_are_counted_by_name_and_know_their_paths() -> None:
    calls = parse(TRACE, "/p")
    assert [(call.name, call.number) for call in calls] == [
        ("execve", 1),
        ("openat", 1),
        ("write", 1),
        ("write", 2),
        ("openat", 2),
        ("newfstatat", 1),
        ("rename", 1),
        ("openat", 3),
        ("readlink", 1),
    ]
    assert calls[1] == Call(0, "openat", 1, ("/p/out/load.txt",), changes=True)
    assert calls[2].paths == ("/p/out/load.txt",), "and not what is in the text that is written"
    assert calls[3].paths == ()
    assert calls[6].paths == ("/p/out/.cauce-0a1b2c3d.out", "/p/out/load.ipynb")


def test_points_are_those_in_the_project_by_names_that_stay() -> None:
    assert points_in(parse(TRACE, "/p"), "/p") == [
        Point("openat", 1, "out/load.txt", changes=True),
        Point("write", 1, "out/load.txt", changes=True),
        Point("newfstatat", 1, "out/load.txt", changes=False),
        Point("rename", 1, "out/.cauce-<random>.out", changes=True),
        Point("openat", 3, ".cauce/logs/<run>/2.log", changes=True),
    ]


def test_threads_are_counted_one_by_one_and_a_call_in_two_lines_once() -> None:
    trace = (
        '11 mkdir("a", 0777 <unfinished ...>\n'
        '12 mkdir("b", 0777) = 0\n'
        "11 <... mkdir resumed>) = 0\n"
        '11 mkdir("c", 0777) = 0\n'
        "12 epoll_wait(5<anon_inode:[eventpoll]>, [], 1, 0) = 0\n"
    )
    calls = parse(trace, "/p")
    assert [(call.process, call.number, call.paths) for call in calls[:3]] == [
        (11, 1, ("/p/a",)),
        (12, 1, ("/p/b",)),
        (11, 2, ("/p/c",)),
    ]
    assert moments(calls, ["epoll_wait"]) == [Point("epoll_wait", 1, "", changes=False)]


@pytest.mark.parametrize("size", [4, 10, 40, 1000])
def test_a_sample_has_some_of_everything(size: int) -> None:
    points = [Point("write", number, f"file {number % 7}", changes=True) for number in range(1, 300)]
    points += [Point("mkdir", 1, "out", changes=True), Point("fsync", 1, "a", changes=True)]
    found = sample(points, size)
    assert len(found) == min(size, len(points))
    assert {point.call for point in found} == {"write", "mkdir", "fsync"}
    assert found == sample(points, size)
    assert found == [point for point in points if point in found], "in order, none twice"
