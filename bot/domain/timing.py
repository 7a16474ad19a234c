"""Every interval, debounce and deadline of the program, in seconds."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta


def seconds_until(last: datetime, beat: float, now: datetime, least: float = 0.0) -> float:
    """Seconds until what was done at ``last`` and is done every ``beat`` seconds is due; ``least`` at least.

    No more than ``beat``, also after a clock that was ahead was put back.
    """
    due = last + timedelta(seconds=beat)
    return min(beat, max(least, (due - now).total_seconds()))


@dataclass(frozen=True, slots=True)
class Timing:
    """The times the program keeps. Tests take ``Timing().faster(20)``."""

    # Telegram
    poll: float = 25.0  # how long Telegram holds a getUpdates open
    poll_retry: float = 1.0  # first wait after a failed poll or commit; doubles up to the next
    poll_retry_most: float = 30.0
    poll_watchdog: float = 90.0  # nothing attempted for so long: the process ends, to be restarted
    telegram_webhook: float = 300.0  # how often Telegram is asked how its webhook fares
    telegram_read: float = 60.0  # Telegram answers uploads late; giving up early would send a picture twice
    telegram_upload: float = 120.0
    flood_group_window: float = 60.0  # 20 calls in this in one group
    flood_chat_window: float = 1.0  # about one message in this in one private chat, bursts tolerated
    flood_shared: float = 2.0  # the calls of all processes may take so long to count ...
    flood_alone: float = 10.0  # ... else each process counts its own for this
    send_deadline: float = 600.0  # one round of trying to send a result
    deliver_for: float = 3 * 86_400.0  # a result is tried for so long before it is undeliverable
    untold: float = 600.0  # who was not told of an end for so long is told again: longer than most 429s
    batch_wait: float = 180.0  # a finished result waits so long for the others that it is delivered with
    batch_beat: float = 3.0  # and looks for them so often
    progress: float = 3.0  # a status message changes at most once in this
    progress_group: float = 10.0  # and the one of a group in this
    progress_shared: float = 1.0  # who shows the edits of all processes looks for news this often
    # requests
    album_quiet: float = 2.5  # an album is whole when no part came for this long ...
    album_longest: float = 10.0  # ... or after this
    request_lease: float = 120.0  # a process that prepares a request holds it for so long
    request_fetch: float = 10.0  # a picture of it is tried again for so long; then after the lease
    request_expiry: float = 86_400.0
    inbox_look: float = 60.0  # how often a process looks for updates that others left behind
    inbox_lease: float = 3600.0  # what the dead held is freed sooner; a living one may wait for long
    inbox_keep: float = 6 * 86_400.0
    # the provider
    http_connect: float = 10.0
    submit: float = 120.0  # the paid POST: what is lost after it is looked for, never sent again
    submit_whole: float = 300.0  # the same where the answer is the finished picture itself
    transfer: float = 180.0  # one upload or download, in all
    read: float = 30.0  # any other call
    watch_first: float = 2.0  # the shortest time before a running prediction is looked at
    watch_beat: float = 1.5  # between listings at first; grows to watch_beat_most
    watch_beat_most: float = 10.0
    watch_hooked: float = 20.0  # between listings where webhooks tell of the ends
    watch_shared: float = 1.0  # how often it is looked up what webhooks told other processes
    webhook_secret: float = 300.0  # after a signature failed, the secret is read again at most once in this
    prediction_deadline: float = 3600.0  # a prediction that has not ended by then is unknown
    reconcile_for: float = 900.0  # so long a lost submit is looked for in the list
    reconcile_beat: float = 5.0
    retry_first: float = 1.0  # first wait before a safe call is repeated; doubles up to retry_most
    retry_most: float = 60.0
    throttled_wait: float = 15.0  # after a 429 that names no time
    edit_deadline: float = 6 * 3600.0  # uploading and waiting for the provider's turn, in all
    catalogue_beat: float = 4 * 3600.0
    quote: float = 5.0  # asking what an edit will cost; the table answers for who takes longer
    quote_keep: float = 3600.0  # an exact price is asked for again after this
    quote_pause: float = 0.5  # between two of the many prices that menus show
    turn_beat: float = 1.0  # how often the line before the provider moves on
    turn_show: float = 10.0  # and how often those who wait in it are shown their place
    balance_beat: float = 600.0
    books_beat: float = 4 * 3600.0  # our charges compared with the provider's account
    model_second: float = 1.0  # one second of the time that a catalogue row expects
    stuck: float = 600.0  # an edit that is not done by then is shown to admins as stuck
    # keeping house
    engine_poll: float = 0.2  # how often the engine looks for queued edits
    lease: float = 15.0  # a process that is not heard of for so long is taken for dead
    lease_beat: float = 5.0  # and each is heard of this often
    sweep: float = 30.0
    forget: float = 3600.0
    upload_keep: float = 86_400.0  # a picture that waits for a submit; none waits longer than edit_deadline
    imaging: float = 60.0  # one piece of picture work
    health: float = 5.0  # so long a check of the health page may take
    metrics_keep: float = 5.0  # the database is read for metrics at most once in this
    lateness_beat: float = 1.0  # how often the event loop's lateness is measured
    shutdown: float = 4.0  # so long running steps may finish at the end

    def faster(self, factor: float) -> Timing:
        """The same times divided by ``factor``, or by less where this machine does not keep up.

        Each look of the engine costs work, also where nothing is to be done; the parts of an album that
        arrived together are taken up one after the other. Who asks for health waits as long as ever, and a
        lease lasts: a machine that is busy with tests is neither ill nor dead.
        """
        most = {"engine_poll": 2.0, "album_quiet": 8.0, "health": 1.0, "lease": 5.0, "lease_beat": 5.0}
        most |= {"flood_shared": 1.0, "progress_shared": 4.0, "watch_shared": 4.0}
        names = [entry.name for entry in fields(self)]
        return Timing(**{name: getattr(self, name) / min(factor, most.get(name, factor)) for name in names})
