"""Which test holds which case of the ways in which a stream can end, be retried or be let go of.

T: the network and HTTP. X: trying again. L: life-cycle and resources. `test_cases.py` checks
that every test named here is there. Without a folder a module is of this one.
"""

from __future__ import annotations

CASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "T01": ("chunked body, then a reset", ("test_reading::test_failures",)),
    "T02": ("shorter than its content-length", ("test_reading::test_failures",)),
    "T03": (
        "ends with its connection, before its terminal event",
        ("test_reading::test_failures", "test_over_tls::test_a_body_that_ends_with_its_connection"),
    ),
    "T04": ("finish reason, no sentinel", ("test_same_everywhere::test_loopback",)),
    "T05": ("sentinel, no finish reason", ("test_same_everywhere::test_loopback",)),
    "T06": ("neither, but the body ends well", ("test_reading::test_failures",)),
    "T07": ("200 with an error as JSON", ("test_opening::test_ok_and_no_stream",)),
    "T08": ("200 with the whole answer", ("test_opening::test_a_server_that_does_not_stream",)),
    "T09": ("200 with HTML", ("test_opening::test_ok_and_no_stream",)),
    "T10": ("200 with nothing", ("test_opening::test_ok_and_no_stream",)),
    "T11": ("only a sentinel, only comments", ("test_same_everywhere::test_loopback",)),
    "T12": (
        "padding, then an error as JSON",
        ("test_opening::test_ok_and_no_stream", "test_same_everywhere::test_loopback"),
    ),
    "T13": ("an error status whose body is a stream", ("test_opening::test_odd_error_bodies",)),
    "T14": ("an error status without a body", ("test_opening::test_odd_error_bodies",)),
    "T15": (
        "retry-after in each form",
        ("test_retrying::test_retry_after", "test_retrying::test_too_long_a_wait"),
    ),
    "T16": ("statuses that may pass", ("test_retrying::test_what_may_pass_is_tried_again",)),
    "T17": (
        "statuses that will not",
        ("test_retrying::test_what_will_not_pass_is_not", "test_opening::test_statuses"),
    ),
    "T18": (
        "other successes, redirects",
        ("test_opening::test_success_of_another_kind", "test_opening::test_redirects"),
    ),
    "T19": ("interim answers", ("test_same_everywhere::test_loopback",)),
    "T20": ("the end of HTTP a little late", ("test_reuse::test_the_connection_is_reused",)),
    "T21": ("the end of HTTP never", ("test_reading::test_the_last_event_is_the_end",)),
    "T22": (
        "silence at every place",
        (
            "test_timeouts::test_first_token",
            "test_timeouts::test_idle",
            "test_timeouts::test_silence",
        ),
    ),
    "T23": ("comments for ever", ("test_timeouts::test_signs_of_life_do_not_feed_idle",)),
    "T24": (
        "pings for ever, which count where that is asked for",
        (
            "test_timeouts::test_signs_of_life_do_not_feed_idle",
            "test_timeouts::test_signs_of_life_may_count",
        ),
    ),
    "T25": ("arguments for ever", ("test_timeouts::test_total",)),
    "T26": ("words for ever", ("test_timeouts::test_total",)),
    "T27": ("TLS that ends badly", ("test_over_tls::test_a_stream_that_breaks",)),
    "T28": ("HTTP/2 that ends badly", ("test_over_http2::test_a_stream_that_breaks",)),
    "T29": (
        "trailers",
        ("test_same_everywhere::test_loopback", "test_reading::test_the_last_event_is_the_end"),
    ),
    "T30": (
        "a kept connection that went stale",
        ("test_retrying::test_a_kept_connection_that_went_stale",),
    ),
    "X01": (
        "refused, then well",
        (
            "test_retrying::test_a_connection_that_is_refused_at_first",
            "test_retrying::test_a_server_that_is_not_there_at_first",
        ),
    ),
    "X02": ("reset before a byte", ("test_asking_again::test_nothing_was_seen",)),
    "X03": ("signs of life, then an error", ("test_asking_again::test_nothing_was_seen",)),
    "X04": ("a word, then a reset", ("test_asking_again::test_something_was_seen",)),
    "X05": ("reasoning or arguments only", ("test_asking_again::test_something_was_seen",)),
    "X06": ("no time left for another", ("test_asking_again::test_total_ends_the_tries",)),
    "X07": (
        "a provider that advises against it",
        (
            "test_retrying::test_a_provider_that_advises_against_it",
            "test_retrying::test_waits_grow",
        ),
    ),
    "X08": (
        "cancelled between two tries",
        (
            "test_asking_again::test_cancelled_between_two_tries",
            "test_retrying::test_cancelling_a_wait",
        ),
    ),
    "L01": (
        "dropped, with the cyclic collector off",
        ("test_release::test_dropping_without_the_garbage_collector",),
    ),
    "L02": ("left by break, no block", ("test_release::test_dropping",)),
    "L03": (
        "a task cancelled in a read",
        ("test_release::test_cancelling_a_read", "test_release::test_native_cancellation"),
    ),
    "L04": (
        "cancelled while it connects, waits for a slot, waits for the head",
        (
            "test_release::test_cancelling_while_it_connects",
            "test_release::test_cancelling_while_it_waits_for_a_slot",
            "test_release::test_cancelling_while_it_opens",
        ),
    ),
    "L05": ("cancel by another task", ("test_release::test_cancel_during_a_read",)),
    "L06": (
        "cancel by another thread, by a signal",
        (
            "test_release::test_cancel_during_a_read",
            "test_release::test_a_blocked_reader_wakes_at_once",
            "test_processes::test_signals",
        ),
    ),
    "L07": ("cancel at any time", ("test_release::test_cancel_at_any_time",)),
    "L08": ("ten who wait for metadata", ("test_reading::test_ten_waiters",)),
    "L09": (
        "metadata of what broke or was left",
        (
            "test_reading::test_ten_waiters_of_a_broken_stream",
            "test_release::test_cancel_wakes_those_who_wait_for_the_end",
        ),
    ),
    "L10": (
        "a reader much slower than the provider",
        (
            "test_slow_readers::test_what_is_read_does_not_pile_up",
            "test_soak::test_a_slow_reader",
            "test_reading::test_what_is_not_asked_for_is_not_read",
        ),
    ),
    "L11": ("two iterators", ("test_reading::test_one_pass",)),
    "L12": (
        "an exception in the block, blocks left in the wrong order",
        (
            "test_release::test_an_exception_in_the_block",
            "test_release::test_the_client_goes_first",
        ),
    ),
    "L13": ("an exception in a hook", ("test_hooks::test_a_hook_that_fails",)),
    "L14": (
        "one client on several loops",
        (
            "test_processes::test_one_client_on_one_loop_after_the_other",
            "test_processes::test_one_client_on_two_loops_at_once",
            "test_processes::test_a_client_that_was_given_is_of_one_loop",
        ),
    ),
    "L15": (
        "a fork",
        (
            "test_processes::test_a_fork_does_not_share_connections",
            "test_processes::test_a_fork_leaves_an_open_stream_alone",
        ),
    ),
    "L16": (
        "the end of the process",
        ("test_processes::test_the_process_ends_while_a_stream_is_open",),
    ),
    "L17": (
        "many at once",
        ("test_release::test_many_streams_some_of_them_cancelled", "test_soak::test_soak"),
    ),
    "L18": ("KeyboardInterrupt", ("test_processes::test_signals",)),
    "L19": ("a deadline around each step", ("test_release::test_cancelling_a_read",)),
    "L20": ("closed by another in a read", ("test_release::test_closing_during_a_read",)),
    "L21": ("many chunks in one piece", ("test_slow_readers::test_many_chunks_in_one_piece",)),
    "L22": (
        "a recording, cut anew",
        ("test_same_everywhere::test_cassettes", "../decoders/test_any_cut::"),
    ),
    "L23": ("recorded and left early", ("../recording/test_leaving::",)),
    "L24": (
        "secrets",
        (
            "test_opening::test_the_key_is_in_no_error",
            "test_hooks::test_the_log",
            "../recording/test_secrets::",
        ),
    ),
}
