"""Who is served, where: the whole table of the rules."""

from __future__ import annotations

from itertools import product

import pytest

from bot.domain.access import Admission, Group, Member, Policy, Rules, Standing

ADA, BEN = 1, 2
EVERY = list(product(Policy, Standing))
SERVE, ASK, WAIT = Admission.SERVE, Admission.ASK, Admission.WAIT
ASK_GROUP, WAIT_GROUP = Admission.ASK_GROUP, Admission.WAIT_GROUP
TURN_AWAY, SILENCE = Admission.TURN_AWAY, Admission.SILENCE
UNKNOWN, WAITING, APPROVED, DENIED, BLOCKED = Standing
APPROVE, OPEN, CLOSED = Policy


def ben(standing: Standing, *, told: bool = False) -> Member:
    return Member(BEN, "Ben", standing=standing, told=told)


def friends(standing: Standing, *, per_member: bool = False) -> Group:
    return Group(-1, "Friends", standing, per_member)


# What a person meets in private, for the policies in their order.
PRIVATE = {
    UNKNOWN: (ASK, SERVE, TURN_AWAY),
    WAITING: (WAIT, SERVE, TURN_AWAY),
    APPROVED: (SERVE, SERVE, SERVE),
    DENIED: (TURN_AWAY, TURN_AWAY, TURN_AWAY),
    BLOCKED: (TURN_AWAY, TURN_AWAY, TURN_AWAY),
}
# What an unknown person meets in a group of that standing, approved for all its members.
IN_GROUP = {
    UNKNOWN: (ASK_GROUP, SERVE, TURN_AWAY),
    WAITING: (WAIT_GROUP, SERVE, TURN_AWAY),
    APPROVED: (SERVE, SERVE, SERVE),
    DENIED: (SILENCE, SILENCE, SILENCE),
    BLOCKED: (SILENCE, SILENCE, SILENCE),
}


@pytest.mark.parametrize(("policy", "standing"), EVERY)
def test_in_private(policy: Policy, standing: Standing) -> None:
    """The person's own standing counts, then the policy."""
    expected = PRIVATE[standing][list(Policy).index(policy)]
    assert Rules(policy, [ADA]).admit(ben(standing), None) is expected


@pytest.mark.parametrize(("policy", "standing"), EVERY)
def test_in_a_group(policy: Policy, standing: Standing) -> None:
    """In an approved one all its members are served; in others nobody is."""
    expected = IN_GROUP[standing][list(Policy).index(policy)]
    assert Rules(policy, [ADA]).admit(ben(UNKNOWN), friends(standing)) is expected


@pytest.mark.parametrize(("policy", "standing"), EVERY)
def test_in_a_group_whose_members_need_approval(policy: Policy, standing: Standing) -> None:
    """Each is looked at as in private, but a blocked person gets no word in front of others."""
    expected = SILENCE if standing is BLOCKED else PRIVATE[standing][list(Policy).index(policy)]
    group = friends(APPROVED, per_member=True)
    assert Rules(policy, [ADA]).admit(ben(standing), group) is expected


@pytest.mark.parametrize("standing", [UNKNOWN, WAITING, APPROVED])
@pytest.mark.parametrize("policy", Policy)
def test_an_approved_group_serves_members_who_were_not_refused(policy: Policy, standing: Standing) -> None:
    """Who was not approved in private, or not yet, is served there like the others."""
    assert Rules(policy).admit(ben(standing), friends(APPROVED)) is SERVE


@pytest.mark.parametrize("per_member", [True, False])
@pytest.mark.parametrize("policy", Policy)
def test_a_denied_person_is_served_in_no_group(policy: Policy, per_member: bool) -> None:
    """However it was approved: a no holds everywhere."""
    assert Rules(policy).admit(ben(DENIED), friends(APPROVED, per_member=per_member)) is TURN_AWAY


@pytest.mark.parametrize("standing", [UNKNOWN, WAITING])
def test_an_approved_person_spends_nothing_in_a_group_that_is_not(standing: Standing) -> None:
    """The group is asked about first, whoever writes there."""
    expected = ASK_GROUP if standing is UNKNOWN else WAIT_GROUP
    assert Rules(APPROVE).admit(ben(APPROVED), friends(standing)) is expected


@pytest.mark.parametrize("group", [None, friends(UNKNOWN), friends(APPROVED), friends(DENIED)])
@pytest.mark.parametrize("policy", Policy)
def test_a_blocked_person_is_told_once(policy: Policy, group: Group | None) -> None:
    """In private; after that, and in groups, there is silence."""
    rules = Rules(policy)
    assert rules.admit(ben(BLOCKED), group) is (TURN_AWAY if group is None else SILENCE)
    assert rules.admit(ben(BLOCKED, told=True), group) is SILENCE


@pytest.mark.parametrize("admin", [Member(ADA, "Ada"), Member(BEN, "Ben", admin=True)])
@pytest.mark.parametrize(("policy", "standing"), EVERY)
def test_an_admin_is_served_everywhere(admin: Member, policy: Policy, standing: Standing) -> None:
    """By the settings or by the claim code, and in any group."""
    rules = Rules(policy, [ADA])
    assert rules.is_admin(admin)
    assert rules.admit(admin, None) is SERVE
    assert rules.admit(admin, friends(standing, per_member=True)) is SERVE
    assert rules.join(admin, friends(standing)) is SERVE


def test_a_blocked_admin_of_the_settings_is_an_admin() -> None:
    """The settings have the last word, so nobody is locked out of their own bot."""
    assert Rules(CLOSED, [BEN]).admit(ben(BLOCKED), None) is SERVE


def test_nobody_else_is_an_admin() -> None:
    """However they stand."""
    assert not any(Rules(OPEN, [ADA]).is_admin(ben(standing)) for standing in Standing)


@pytest.mark.parametrize(("policy", "standing"), EVERY)
def test_a_stranger_adds_the_bot(policy: Policy, standing: Standing) -> None:
    """What was decided about the group counts, then the policy."""
    expected = IN_GROUP[standing][list(Policy).index(policy)]
    assert Rules(policy, [ADA]).join(ben(UNKNOWN), friends(standing)) is expected


@pytest.mark.parametrize("standing", [DENIED, BLOCKED])
def test_who_was_refused_can_not_have_the_admins_asked_about_groups(standing: Standing) -> None:
    """The bot is taken out of a new group of theirs; in one that is approved it stays."""
    assert Rules(APPROVE).join(ben(standing), friends(UNKNOWN)) is TURN_AWAY
    assert Rules(APPROVE).join(ben(standing), friends(APPROVED)) is SERVE
