"""Wires the rooms of the chat: what people say and press, and who answers it."""

from __future__ import annotations

from bot.chat import admin_ports, application, results, spend
from bot.chat.access import ACCESS
from bot.chat.admin import PANEL, Admin
from bot.chat.cancels import Cancels
from bot.chat.commands import Commands
from bot.chat.entrance import Entrance
from bot.chat.history import History
from bot.chat.intake import Intake
from bot.chat.presses import Presses
from bot.chat.questions import REQUEST, Answers
from bot.chat.result_buttons import ResultButtons
from bot.chat.setting_commands import SettingCommands
from bot.chat.setting_menus import ALONE, NESTED, SettingMenus
from bot.chat.spend import Spend
from bot.jobs.again import Again
from bot.jobs.cancelling import Cancelling
from bot.jobs.settling import Settling
from bot.wiring.world import Parts, World


def build(world: World, parts: Parts, door: Entrance) -> list[application.Room]:
    """What people say and press, by who answers it: the first that listens takes it."""
    clock, storage, timing = world.clock, world.storage, world.settings.timing
    bot = world.telegram.bot
    answers = Answers(storage.requests, parts.preparing.nudge, clock)
    shown = results.Results(_result_ports(world, parts))
    cancelling = Cancelling(storage.edits, parts.messages, clock)
    menus = SettingMenus(bot, storage.people, storage.buttons, world.live.now, clock)
    panel = _admin(world, parts, door, cancelling)
    return [
        Cancels(bot, storage.edits, storage.requests, cancelling).handlers(),
        _history(world).handlers(),
        Commands(bot, storage.people, world.live.now).handlers(),
        _spend(world).handlers(),
        panel.handlers(),
        SettingCommands(bot, storage.people, menus, world.live.now).handlers(),
        Intake(
            bot,
            storage.requests,
            storage.edits,
            parts.preparing.nudge,
            parts.progress.signs.seen,
            timing,
            clock,
        ).handlers(),
        Presses(
            storage.buttons,
            {
                ACCESS: door.requests.take,
                ALONE: menus.take,
                NESTED: menus.take,
                PANEL: panel.take,
                REQUEST: answers.take,
                results.EDIT: shown.take,
            },
        ).handlers(),
    ]


def _history(world: World) -> History:
    storage, models = world.storage, world.live.now
    buttons = ResultButtons(storage.buttons, models, world.clock)
    return History(world.telegram.bot, storage.edits, storage.blobs, world.imaging, buttons, models)


def _result_ports(world: World, parts: Parts) -> results.Ports:
    storage, clock = world.storage, world.clock
    return results.Ports(
        bot=world.telegram.bot,
        edits=storage.edits,
        blobs=storage.blobs,
        imaging=world.imaging,
        pictures=parts.pictures,
        buttons=ResultButtons(storage.buttons, world.live.now, clock),
        again=Again(
            storage.people,
            storage.edits,
            storage.blobs,
            world.live.now,
            world.money.quotes,
            world.money.doors,
            parts.messages,
            parts.engine.enqueue,
            clock,
        ),
        timing=world.settings.timing,
        result_days=world.settings.result_days,
    )


def _spend(world: World) -> Spend:
    storage = world.storage
    return Spend(
        spend.Ports(
            bot=world.telegram.bot,
            ledger=storage.ledger,
            accounts=storage.accounts,
            lists=storage.lists,
            imaging=world.imaging,
            catalogue=world.live.now,
            zone=world.settings.timezone,
            clock=world.clock,
        )
    )


def _admin(world: World, parts: Parts, door: Entrance, cancelling: Cancelling) -> Admin:
    storage = world.storage
    return Admin(
        admin_ports.Ports(
            bot=world.telegram.bot,
            buttons=storage.buttons,
            access=storage.access,
            rules=door.rules,
            requests=door.requests,
            accounts=storage.accounts,
            ledger=storage.ledger,
            edits=storage.edits,
            lists=storage.lists,
            chats=storage.chats,
            doors=world.money.doors,
            reconcile=parts.bills,
            settling=Settling(storage.edits, storage.accounts, parts.messages, world.clock),
            cancelling=cancelling,
            balance=world.provider.balance,
            catalogue=world.live.now,
            timing=world.settings.timing,
            zone=world.settings.timezone,
            clock=world.clock,
        )
    )
