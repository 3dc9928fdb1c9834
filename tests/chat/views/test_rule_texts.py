"""Rules as text: how each stands, what a preview says, where a mistake is."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.i18n import speaking
from bot.chat.views.drafts import mistake_text, preview_text
from bot.chat.views.layout import COLUMNS
from bot.chat.views.mistakes import name_mistake
from bot.chat.views.plans import plan_mistake
from bot.chat.views.rules import accepted_text, rule_pages, toast_text
from bot.core.alerts import AlertState
from bot.core.errors import RuleError, UnknownName
from bot.core.events import Alert
from bot.core.forecast import LONGEST
from bot.core.plans import PlanMistake
from bot.core.replay import Replay
from bot.core.rules import Rule, parse_rule
from bot.services.manage_rules import RuleChange, RuleStatus
from bot.services.ports import MadeRule
from bot.services.preview_rule import Preview

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
MONTH_AGO = NOW - timedelta(days=30)
UTC_ZONE = ZoneInfo("UTC")
LOW = parse_rule("main/funding USDT < 500")


def state(
    rule: Rule, amount: str | None, subject: str = "main/funding", **more: Any
) -> AlertState:
    known = None if amount is None else Decimal(amount)
    return AlertState("low", subject, rule.asset, amount=known, measure=rule.measure, **more)


def firing(rule: Rule, amount: str, subject: str = "main/funding") -> AlertState:
    alert = Alert(
        incident="A1B2C3", rule="low", subject=subject, asset=rule.asset, part="total",
        comparison=rule.comparison, limit=rule.limit, clear=rule.clear_level,
        severity=rule.severity, since=NOW,
    )  # fmt: skip
    return state(rule, amount, subject, alert=alert)


def listed(*statuses: RuleStatus) -> str:
    (page,) = rule_pages(statuses)
    return page.text


@pytest.mark.parametrize(
    ("line", "amount", "told"),
    [
        ("main/funding USDT < 500", "1234.5", "✅ 1,234.5 USDT"),
        ("main/funding USDT < 500", None, "▫️ not judged yet"),
        ("main/funding USDT lasts < 24h", None, "▫️ collecting data"),
        ("main/funding USDT drops 30% in 1h", "12.3456", "✅ USDT has fallen by 12.3 %"),
        ("main/funding USDT lasts < 24h", "90000", "✅ USDT lasts 1 d 1 h"),
        (
            "main/funding USDT lasts < 24h",
            str(LONGEST.days * 86400),
            "✅ USDT is not being spent",
        ),
        ("main/funding total < 10000 USD", "12345.678", "✅ 12,345.68 USD"),
    ],
)
def test_what_was_measured(line: str, amount: str | None, told: str) -> None:
    """Each kind of rule has its unit."""
    rule = parse_rule(line)
    assert told in listed(RuleStatus("low", rule, (state(rule, amount),)))


def test_least_and_pending_are_said() -> None:
    """What may be more says so, and how many bad readings there were."""
    rule = parse_rule("main/funding USDT > 500 · for 3 reads")
    pending = state(rule, "700", at_least=True, bad_reads=2)
    assert "🟡 ≥ 700 USDT, 2 bad in a row" in listed(RuleStatus("high", rule, (pending,)))


def test_listed_by_wallet_with_what_can_be_changed() -> None:
    """Rules of one wallet stand together; the worst of many subjects comes first."""
    each = parse_rule("* USDT < 500 · critical")
    states = [state(each, "600", f"main/w{n}") for n in range(9)]
    made = MadeRule(7, LOW, "Ada", NOW)
    (page,) = rule_pages(
        [
            RuleStatus("all", each, (*states, firing(each, "1", "xt/spot"))),
            RuleStatus("low", LOW, (state(LOW, "600"),)),
            RuleStatus("any", each, ()),
            RuleStatus("#7", LOW, (firing(LOW, "1"),), made),
        ]
    )
    text = page.text
    assert page.made == (made,)
    assert [text.index(name) for name in ("all<", "any<", "low<", "#7<")] == sorted(
        text.index(name) for name in ("all<", "any<", "low<", "#7<")
    )
    assert text.count("📍") == 2
    assert text.index("🔴 <code>xt/spot</code>: 1 USDT") < text.index("main/w0")
    assert "… and 5 more" in text
    assert "▫️ covers nothing yet" in text
    assert "🔒 <b>#7</b>" not in text


def test_paused_and_deleted_are_said() -> None:
    """Both have no state; what was deleted says that it can be had back."""
    paused = MadeRule(1, LOW, "Ada", NOW, paused=True)
    deleted = MadeRule(2, LOW, "Ada", NOW, deleted_at=NOW)
    text = listed(*(RuleStatus(made.name, LOW, (), made) for made in (paused, deleted)))
    assert "⏸ paused" in text
    assert "🗑 deleted; it can be had back for 1 h" in text
    assert "covers nothing" not in text
    assert "/rule makes one" in listed()


def preview(**more: Any) -> str:
    given_: dict[str, Any] = {
        "at": NOW,
        "rule": LOW,
        "covers": ("main/funding",),
        "states": (state(LOW, "600"),),
        "past": Replay(MONTH_AGO, ()),
    }
    return preview_text(Preview(**given_ | more), UTC_ZONE, edits=None)


def test_preview_of_what_would_be_quiet() -> None:
    """One wallet, one line each."""
    assert preview().split("\n") == [
        "<b>New rule</b>",
        "<code>main/funding USDT &lt; 500</code>",
        "",
        "Covers <code>main/funding</code>",
        "✅ Would not fire now: 600 USDT",
        "🕰 In the last 30 days it would never have fired",
    ]


def test_preview_of_one_that_fires() -> None:
    """One sign, and one line."""
    rule = parse_rule("main/funding USDT < 500 · critical")
    text = preview(rule=rule, states=(firing(rule, "400", "main/funding"),))
    assert text.split("\n")[4] == "🟠 Would fire now: 400 USDT"
    assert text.count("🔴") == 0


@pytest.mark.parametrize(
    ("past", "told"),
    [
        (None, "past prices are not kept"),
        (Replay(None, ()), "nothing was read so far"),
        (
            Replay(NOW - timedelta(days=3), (NOW - timedelta(days=2),)),
            "Since 26 Feb 12:00 UTC it would have fired once: 27 Feb 12:00 UTC",
        ),
        (
            Replay(MONTH_AGO, (NOW - timedelta(days=2), NOW - timedelta(hours=2))),
            "In the last 30 days it would have fired 2 times, last 10:00:30 UTC",
        ),
    ],
)
def test_preview_of_the_past(past: Replay | None, told: str) -> None:
    """How often, when last, and since when anybody knows."""
    assert told in preview(past=past)


def test_preview_of_many() -> None:
    """How many fire and which, what is not known, and a coin that may be a slip."""
    rule = parse_rule("* USDTT < 500")
    states = (
        *(firing(rule, "1", f"main/w{n}") for n in range(7)),
        state(rule, "600", "xt/spot"),
        state(rule, None, "coinw/spot"),
    )
    text = preview(
        rule=rule,
        covers=tuple(s.subject for s in states),
        states=states,
        unknown_coin=("USDT", "<b>"),
    )
    assert "Covers 9 wallets, each on its own: " in text
    assert "🟠 Would fire now for 7 of 9\n· <code>main/w0</code>: 1 USDTT\n" in text
    assert text.count("🟠") == 1
    assert "… and 2 more" in text
    assert "▫️ Not judged yet: <code>coinw/spot</code>" in text
    assert "holds USDTT now; did you mean USDT or &lt;b&gt;?" in text
    assert "✅" not in text
    assert "nothing yet" in preview(covers=(), states=())


def test_several_names_are_told_as_one_would_say_them() -> None:
    error = UnknownName("x", ("main", "coinw", "xt"))
    assert name_mistake(error) == "nothing here is called x; did you mean main, coinw or xt?"
    mistake = plan_mistake(PlanMistake("tursday", "weekday", ("tuesday", "thursday")))
    assert "Did you mean tuesday or thursday?" in mistake
    with speaking("zh"):
        assert "main、coinw 或 xt" in name_mistake(error)


def test_change_and_press_are_confirmed() -> None:
    """What was done, or was so already, and what has ended with it."""
    made = MadeRule(7, LOW, "Ada", NOW)
    paused = MadeRule(7, LOW, "Ada", NOW, paused=True)
    assert "#7</b> is in force" in accepted_text(RuleChange(made))
    assert "still paused" in accepted_text(RuleChange(paused))
    assert "2 alerts that were firing have ended" in accepted_text(RuleChange(made, ended=2))
    assert toast_text(RuleChange(paused)) == "#7 is paused"
    assert toast_text(RuleChange(paused, done=False)) == "#7 is paused already"
    assert toast_text(RuleChange(made, done=False)) == "#7 is in force already"
    assert len(toast_text(RuleChange(paused, ended=10**6))) <= 200


of_rules = ["main/funding", "USDT", "<", ">", "500", "drops", "30%", "in", "1h", "·", "for", "2"]
words = st.sampled_from([*of_rules, "x" * 40]) | st.text("ab<>&\"'/1 ", min_size=1, max_size=50)


@given(st.lists(words, max_size=15).map(" ".join))
def test_the_carets_stand_below_the_word(line: str) -> None:
    """However long a line is, the part shown fits a phone and has the word that is meant."""
    try:
        parse_rule(line)
    except RuleError as e:
        error = e
    else:
        return
    block = unescape(mistake_text(line, error).partition("<pre>")[2].removesuffix("</pre>"))
    shown, carets = block.split("\n")
    begin, end = carets.index("^"), len(carets)
    assert max(len(shown), end) <= COLUMNS
    assert set(carets[begin:]) == {"^"}
    if error.got:
        assert error.got.startswith(shown[begin:end])
        assert shown[begin:end]
    else:
        assert begin == len(shown)
