# SPDX-License-Identifier: BSD-2-Clause
"""
captures_time.py - captures that test time: late segments, silence, clocks that are set.
"""
from corpus.captures_tcp import begin, end, pieces_of, timestamp
from corpus.connection import CLIENT, SERVER, Capture, text
from corpus.headers import ACK
from corpus.table import capture

SECOND = 10**9
HOUR, DAY = 3600 * SECOND, 86400 * SECOND


# ---- late segments ----


@capture("time/retransmission-after-a-minute")
def retransmission_after_a_minute():
    """Three lost segments are sent again, after waits of 1.1, 3 and 60 s with keep-alives."""
    shown, connection = begin()
    pieces = pieces_of(connection, CLIENT, text("very patient", 700), 100)
    seen = [0, 2, 4, 6]
    for index in seen:
        connection.segment(CLIENT, *pieces[index])
    for index, acked, seconds in ((1, 300, 1.1), (3, 500, 3), (5, 700, 60)):
        for _ in range(3):
            shown.time_ns += int(seconds * SECOND) // 3
            connection.raw(SERVER, connection.snd_nxt(SERVER) - 1, ACK, ack=connection.seq(CLIENT, acked - 200))
        connection.segment(CLIENT, *pieces[index])
        connection.segment(CLIENT, *pieces[index])
        connection.acknowledge(SERVER, ack=connection.seq(CLIENT, acked))
    return end(shown, connection)


@capture("time/data-two-minutes-behind-its-fin")
def data_behind_its_fin():
    """Both sides have sent their FIN; the last data before one FIN is captured 100 seconds later."""
    shown, connection = begin()
    pieces = pieces_of(connection, CLIENT, text("almost the end", 200), 100)
    connection.segment(CLIENT, *pieces[0])
    connection.ack[SERVER] = connection.seq(CLIENT, 100)
    connection.acknowledge(SERVER)
    connection.finish(CLIENT)
    connection.finish(SERVER)
    shown.time_ns += 100 * SECOND
    connection.segment(CLIENT, *pieces[1])
    connection.ack[SERVER] = None
    connection.acknowledge(SERVER)
    connection.acknowledge(CLIENT)
    return shown


@capture("time/one-sided-late")
def one_sided_late():
    """Only the client's segments were captured; one of them was sent again after five seconds."""
    shown, connection = begin()
    shown.records = [record for at, record in enumerate(shown.records) if at != 1]
    pieces = pieces_of(connection, CLIENT, text("one side", 300), 100)
    connection.segment(CLIENT, *pieces[0])
    connection.segment(CLIENT, *pieces[2])
    shown.time_ns += 5 * SECOND
    connection.segment(CLIENT, *pieces[1])
    connection.finish(CLIENT)
    return shown


# ---- silence ----


def after_silence(seconds, hertz):
    """TCP timestamps of @hertz pass half of their range during the silence (RFC 7323, 5.5)."""
    shown = Capture()
    connection = shown.connection()

    def stamp():
        return timestamp(shown.time_ns * hertz // SECOND % 2**32, 1)

    connection.open(syn_options=stamp())
    for silence in (0, seconds):
        shown.time_ns += silence * SECOND
        for side, length in ((CLIENT, 500), (SERVER, 3000), (CLIENT, 300), (SERVER, 200)):
            connection.send(side, text(f"{hertz} {silence} {side}", length), options=stamp())
    connection.options = stamp()
    connection.close()
    return shown


@capture("time/microsecond-timestamps-after-40-minutes")
def microsecond_timestamps():
    """A timestamp clock of 1 MHz passes half of its range in 2147 seconds."""
    return after_silence(2400, 10**6)


@capture("time/millisecond-timestamps-after-25-days")
def millisecond_timestamps():
    """A timestamp clock of 1 kHz passes half of its range in 24.8 days."""
    return after_silence(25 * 86400, 1000)


# ---- clocks ----


def two_connections(between):
    """A connection, a change of the clock by @between, and a connection whose segments arrive in
    swapped pairs."""
    shown = Capture()
    shown.connection(client=("10.0.0.1", 999)).talk("before")
    shown.time_ns += between
    connection = shown.connection()
    connection.open()
    pieces = pieces_of(connection, SERVER, text("after", 2000), 100)
    for at in range(0, len(pieces), 2):
        connection.segment(SERVER, *pieces[at + 1])
        connection.segment(SERVER, *pieces[at])
    return end(shown, connection, CLIENT)


@capture("time/clock-set-back-37-seconds")
def set_back_little():
    """Two captures were joined; the second begins 37 seconds before the end of the first."""
    return two_connections(-37 * SECOND)


@capture("time/clock-set-back-two-hours")
def set_back_two_hours():
    """NTP sets the clock back."""
    return two_connections(-2 * HOUR)


@capture("time/clock-set-ahead-a-week")
def set_ahead():
    """A capture of another week was appended."""
    return two_connections(7 * DAY)


@capture("time/clock-set-back-in-a-connection")
def set_back_inside():
    """The clock is set back while a segment is missing."""
    shown, connection = begin()
    pieces = pieces_of(connection, CLIENT, text("hole over the step", 400), 100)
    connection.segment(CLIENT, *pieces[0])
    connection.segment(CLIENT, *pieces[2])
    shown.time_ns -= 2 * HOUR
    connection.segment(CLIENT, *pieces[3])
    connection.acknowledge(SERVER, ack=connection.seq(CLIENT, 100))
    connection.segment(CLIENT, *pieces[1])
    return end(shown, connection)


def wild_stamps(by):
    """Every third segment has a time stamp that is wrong by @by nanoseconds."""
    shown, connection = begin()
    for at, (off, data) in enumerate(pieces_of(connection, CLIENT, text("wild", 2000), 100)):
        wrong = by if at % 3 == 1 else 0
        shown.time_ns += wrong
        connection.segment(CLIENT, off, data)
        shown.time_ns -= wrong
    return end(shown, connection)


@capture("time/single-stamps-two-hours-ahead")
def stamps_ahead():
    """Single packets have a time stamp that is two hours ahead."""
    return wild_stamps(2 * HOUR)


@capture("time/single-stamps-two-days-ahead")
def stamps_days_ahead():
    """Single packets have a time stamp that is two days ahead."""
    return wild_stamps(2 * DAY)


@capture("time/single-stamps-two-hours-behind")
def stamps_behind():
    """Single packets have a time stamp that is two hours behind."""
    return wild_stamps(-2 * HOUR)


@capture("time/two-clocks-mixed")
def two_clocks():
    """The client's segments with data were captured with a clock that is 37 seconds behind."""
    shown = Capture()
    connection = shown.connection()

    def send(side, data):
        shown.time_ns += -37 * SECOND if side == CLIENT else 0
        connection.send(side, data)
        shown.time_ns += 37 * SECOND if side == CLIENT else 0

    connection.open()
    for turn in range(6):
        for side in (CLIENT, SERVER):
            for part in range(turn % 3 + 1):
                send(side, text(f"clock {side} {turn} {part}", 300))
    connection.close()
    return shown
