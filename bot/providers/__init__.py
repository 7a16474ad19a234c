"""The servers that edit pictures for money. Each has a pure half (build, decipher) and a thin half (send)."""

from __future__ import annotations
