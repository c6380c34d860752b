"""Streams are cut at whole records, by rows or by time, and nothing that came is lost."""

import array
import fcntl
import os
import termios
import threading
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.production.scoring.stream import Stream, _RecordBuffer


def stretches(content, form="jsonl", rows=3, seconds=60.0):
    read, write = os.pipe()
    threading.Thread(target=lambda: (os.write(write, content), os.close(write))).start()
    return list(Stream(read, form, rows, seconds, threading.Event()))


def test_so_many_rows_make_a_stretch_and_the_last_is_what_is_left():
    found = stretches(b"".join(b'{"a": %d}\n' % n for n in range(7)))
    assert [(s.name, s.rows) for s in found] == [
        ("stream from line 1", 3),
        ("stream from line 4", 3),
        ("stream from line 7", 1),
    ]
    assert b"".join(s.content for s in found).count(b"\n") == 7


def test_a_last_line_without_an_end_counts_and_blank_ones_do_not():
    (found,) = stretches(b'{"a": 1}\n\n  \n{"a": 2}')
    assert (found.rows, found.content) == (2, b'{"a": 1}\n{"a": 2}\n')


def test_every_stretch_of_csv_has_the_header_and_a_quoted_line_end_is_no_cut():
    found = stretches(b'a,b\n1,"x\ny"\n2,z\n3,w\n4,v\n', form="csv", rows=2)
    assert [s.content for s in found] == [b'a,b\n1,"x\ny"\n2,z\n', b"a,b\n3,w\n4,v\n"]
    assert [s.name for s in found] == ["stream from line 2", "stream from line 5"]


def test_nothing_but_a_header_is_no_stretch():
    assert stretches(b"a,b\n", form="csv") == []
    assert stretches(b"") == []


def test_what_has_waited_long_enough_is_scored_though_more_may_come():
    read, write = os.pipe()
    stream = iter(Stream(read, "jsonl", 1000, 0.05, threading.Event()))
    os.write(write, b'{"a": 1}\n{"a": ')
    assert next(stream).content == b'{"a": 1}\n'
    os.write(write, b"2}\n")
    assert next(stream).content == b'{"a": 2}\n'
    os.close(write)
    assert list(stream) == []


def test_a_quote_that_never_closes_holds_nothing_up():
    read, write = os.pipe()
    stream = iter(Stream(read, "csv", 1000, 0.05, threading.Event()))
    os.write(write, b'a\n"1\n2\n')
    assert next(stream).content == b'a\n"1\n2\n'
    os.close(write)


def test_once_it_is_ended_what_came_is_the_last():
    read, write = os.pipe()
    ended = threading.Event()
    stream = Stream(read, "jsonl", 1000, 3600.0, ended)
    os.write(write, b'{"a": 1}\n')
    found = []
    reader = threading.Thread(target=lambda: found.extend(stream))
    reader.start()
    time.sleep(0.5)
    ended.set()
    reader.join(10)
    assert [s.content for s in found] == [b'{"a": 1}\n']
    os.close(write)


def test_once_it_is_ended_all_that_was_read_is_handed_out():
    """What was taken from the sender nobody else can have, however much of it waits."""
    read, write = os.pipe()
    ended, said = threading.Event(), b"".join(b'{"id": %06d}\n' % n for n in range(90_000))
    sender = threading.Thread(target=os.write, args=(write, said))
    sender.start()
    found = []
    for stretch in Stream(read, "jsonl", 1000, 3600.0, ended):
        found.append(stretch.content)
        if len(found) == 1:
            sender.join(30)  # all but what the pipe itself holds is read while this is scored
            ended.set()
    left = array.array("i", [0])
    fcntl.ioctl(read, termios.FIONREAD, left)
    taken = b"".join(found)
    assert said.startswith(taken)
    assert len(said) - left[0] - len(taken) < 15, "no more is missing than a record without its end"
    os.close(read)
    os.close(write)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([b"1,x\n", b'2,"y\nz"\n', b"\n", b'3,"a ""b"""\n']), max_size=20),
    st.integers(1, 5),
    st.integers(1, 7),
)
def test_however_the_bytes_come_the_records_are_the_same(records, rows, size):
    content, open_ = b"n,t\n" + b"".join(records), _RecordBuffer("csv", rows)
    found = []
    for start in range(0, len(content), size):
        open_.add_chunk(content[start : start + size])
        found += open_.cut_full()
    found += open_.cut_rest(stream_ended=True)
    said = [s.content.removeprefix(b"n,t\n") for s in found]
    assert b"".join(said) == b"".join(record for record in records if record.strip())
    assert all(s.rows == rows for s in found[:-1])
