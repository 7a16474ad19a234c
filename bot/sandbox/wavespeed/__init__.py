"""A stand-in for WaveSpeed: plays its REST API v3 and file hosts, for the demo and the tests.

It checks strictly what is sent (the models' pages), really edits pictures, and keeps accounts. Prompts
can ask for trouble: ``[moderated]`` fails with code 1200, ``[fail 5000]`` with that code, ``[slow 30]``
takes 30 s. It fetches and calls nothing beyond this machine.

Its own side, for tests and the demo, needs no key; a refused call answers ``4xx`` with
``{"error": "<one sentence>"}``:

======  ==============================  ===============================================================
method  path                            what it does
======  ==============================  ===============================================================
GET     /sandbox/settings               all settings as they are (``balance``: what is left)
POST    /sandbox/settings               JSON with some of the settings below → all settings
POST    /sandbox/faults                 JSON ``{path, kind, count?, …}``: the next ``count`` (1) calls of
                                        ``path`` fail, see below → ``{"waiting": int}``
DELETE  /sandbox/faults                 no faults from now on
GET     /sandbox/calls                  ``{"calls": [{method, path, query, json, size, authorized, status,
                                        at}]}``: every call but these, oldest first. ``json`` is None for
                                        other bodies, ``authorized`` whether a key came along, ``status``
                                        None where no (whole) answer was given, ``at`` in seconds since 1970.
                                        Query: ``path`` (a prefix); ``count``: answers when there are as
                                        many, or after 25 s
DELETE  /sandbox/calls                  forget them
GET     /sandbox/predictions            ``{"predictions": [{id, model, inputs, status, code, error, webhook,
                                        billed, deleted, created_at}]}``, oldest first; ``billed`` in
                                        micro-US-dollars, 0 when paid back. Query: ``status``, ``count``
POST    /sandbox/predictions/{id}/      finish it now, also while it is held → the prediction as above, when
        finish                          it has ended. JSON ``{status?, code?, error?}`` ends it another way:
                                        ``failed``, ``cancelled`` or ``timeout``
GET     /sandbox/uploads                ``{"uploads": [{name, size, content_type, flow, url, received, format,
                                        width, height, exif, metadata}]}``, oldest first; ``metadata`` names
                                        all that is in the file besides pixels, ``url`` gives its bytes
GET     /sandbox/webhooks               ``{"webhooks": [{id, url, attempt, status, prediction}]}``: every try
                                        to call one; ``status`` None where nobody answered. Query: ``count``
======  ==============================  ===============================================================

Settings:

``seconds`` [least, most] of a prediction; ``speed`` divides these and all other times but the 7 days;
``hold``: new predictions do not end by themselves (false releases them); ``drift`` (0 to 1): how far what
a mask protects is changed; ``models``: the ids that are live; ``withheld``: ``{model: {field: [value]}}``
that are no longer taken (as "auto" by gpt-image-1's older page); ``ticket_uploads``;
``images_per_minute`` and ``concurrency`` (null: no limit); ``sync_seconds``: how long a synchronous submit
waits; ``balance`` and ``discount_rate`` (0 to 1); ``reject_list_inputs``: a list that asks for the inputs is
refused; ``list_inputs_name``: the key under which they come (it is not documented); ``object_outputs``:
outputs come as ``{"url": …}``; ``advance``: seconds by which the stand-in's clock is ahead, so that minutes
and days pass at once.

Faults:

``path`` is a prefix (``/uploads/``), ``*``, or one of ``submit``, ``result``, ``list``, ``upload`` (all three
upload calls), ``output`` (downloads), ``price``, ``models``, ``delete``, ``account``. ``kind`` is one of

=========  ============================================================================================
status     answers ``status`` (500) with ``body`` (an envelope) and a Retry-After of ``retry_after``
drop       the call has its effect, then the connection closes without an answer
refuse     the connection closes without effect
slow       answers after ``seconds`` (1)
garbage    the call has its effect; HTTP 200 with broken JSON
empty      the call has its effect; HTTP 200 with nothing
truncate   the call has its effect; half of the answer, then the connection closes
html       a gateway's error page with ``status`` (502)
drip       the call has its effect; an answer without end, a byte every hundredth of ``seconds``
huge       the call has its effect; 256 MB of nothing
=========  ============================================================================================

``effect`` true or false overrides whether the call has its effect.
"""

from __future__ import annotations

from .standin import WaveSpeedStandIn
from .webhooks import signature

__all__ = ["WaveSpeedStandIn", "signature"]
