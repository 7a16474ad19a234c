"""A stand-in for OpenAI's Images API: plays edits and generations, for the demo and the tests.

It checks strictly what is sent against OpenAI's reference, really edits pictures, answers with usage and
keeps accounts by it. A prompt with ``[moderated]`` is refused by moderation. It calls nothing.

Its own side needs no key; a refused call answers 400 with ``{"error": "<one sentence>"}``:

======  ==================  ===========================================================================
method  path                what it does
======  ==================  ===========================================================================
GET     /sandbox/settings   all settings as they are
POST    /sandbox/settings   JSON with some of the settings below → all settings
POST    /sandbox/faults     the next calls fail, see below → ``{"waiting": int}``
DELETE  /sandbox/faults     no faults from now on
GET     /sandbox/calls      ``{"calls": [{method, path, query, json, size, authorized, status, at}]}``:
                            every call but these, oldest first (the last 20,000). Query: ``path`` (a
                            prefix); ``count``: answers when there are as many, or after 25 s
DELETE  /sandbox/calls      forget them, and the edits
GET     /sandbox/edits      ``{"edits": [{path, model, fields, pictures, mask, usage, billed}]}``: all
                            that was done, oldest first; ``fields`` as they were sent, ``billed`` in
                            micro-US-dollars; a picture is ``{field, name, content_type, size, format,
                            width, height, exif, metadata}``. Query: ``count``
======  ==================  ===========================================================================

Settings: ``answer``: ``b64_json`` or ``url``; ``seconds`` that a paid call takes, divided by ``speed``;
``models``: the ids that are live; ``models_listed``: whether ``GET /v1/models`` is there; ``drift`` (0 to
1): how far what a mask protects is changed; ``images_per_minute`` (null: no limit); ``balance``: what is
left in US dollars: at 0 calls are refused, but one that began is billed whole.

Faults are as those of `bot.sandbox.wavespeed`; ``path`` is a prefix (``/v1/images/``), ``*``, ``submit``
(both paid calls) or ``output`` (downloads).
"""

from __future__ import annotations

from .standin import OpenAIStandIn

__all__ = ["OpenAIStandIn"]
