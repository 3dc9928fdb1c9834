"""The talk in which a rule is made: questions, the preview, what is wrong with a line."""

from collections.abc import Iterator, Sequence
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.i18n import _, later, ngettext
from bot.chat.numbers import clock_text
from bot.chat.views.layout import COLUMNS, one_line, paths_text
from bot.chat.views.mistakes import either, rule_mistake
from bot.chat.views.rules import (
    MOST_SUBJECTS,
    and_more_text,
    measured_text,
    rule_text,
    subject_line,
)
from bot.core.alerts import AlertState
from bot.core.errors import RuleError
from bot.services.ports import MadeRule
from bot.services.preview_rule import LOOK_BACK, Preview

_OPTIONS = '<code>· for 2 reads · remind 8h · critical · "a note"</code>'


def wallet_question() -> str:
    """Ask what a new rule is to be about."""
    return _(
        "<b>New rule</b>\nWhich wallet? "
        "<code>*</code> is each of them, <code>sum *</code> all together."
    )


def coin_question(text: str) -> str:
    """Ask for the coin."""
    return _(
        "<b>New rule</b>\n<code>{begun} …</code>\n"
        "Which coin? You may also type the rest of the line."
    ).format(begun=one_line(text))


def condition_question(text: str) -> str:
    """Ask what is to be judged."""
    return _(
        "<b>New rule</b>\n<code>{begun} …</code>\n"
        "When shall it fire? You may also type the rest of the line."
    ).format(begun=one_line(text))


def limit_question(text: str, *, example: str) -> str:
    """Ask for the words that are typed."""
    return _(
        "<b>New rule</b>\n<code>{begun} …</code>\n"
        "Type the rest, as <code>{example}</code>. Behind it, if you like: {options}. "
        "In a group, as a reply to this message."
    ).format(begun=one_line(text), example=escape(example), options=_OPTIONS)


def edit_question(made: MadeRule) -> str:
    """Ask for the new line of a rule."""
    return _(
        "✏️ <b>{name}</b> is now\n{rule}\n"
        "Type the whole line anew. In a group, as a reply to this message."
    ).format(name=made.name, rule=rule_text(made.rule))


def preview_text(preview: Preview, zone: ZoneInfo, *, edits: MadeRule | None) -> str:
    """Say what a rule would mean, before there is one."""
    lines = [_("<b>New rule</b>"), rule_text(preview.rule)]
    if edits is not None:
        heading = _("<b>Change of {name}</b>").format(name=edits.name)
        lines = [heading, rule_text(edits.rule), _("becomes"), lines[1]]
    lines += ["", _covered(preview), *_now(preview), *_past(preview, zone)]
    if preview.unknown_coin is not None:
        lines += ["", _coin_hint(preview.rule.asset, preview.unknown_coin)]
    return "\n".join(lines)


def _covered(preview: Preview) -> str:
    count, paths = len(preview.covers), paths_text(preview.covers)
    if count == 0:
        return _("Covers nothing yet: no such sub-account is known so far")
    if count == 1:
        return _("Covers {path}").format(path=paths)
    if preview.rule.summed:
        several = ngettext(
            "Covers {n} wallet, together: {paths}", "Covers {n} wallets, together: {paths}", count
        )
    else:
        several = ngettext(
            "Covers {n} wallet, each on its own: {paths}",
            "Covers {n} wallets, each on its own: {paths}",
            count,
        )
    return several.format(n=count, paths=paths)


def _now(preview: Preview) -> Iterator[str]:
    firing = [state for state in preview.states if state.phase == "firing"]
    unknown = [state for state in preview.states if state.amount is None]
    if firing:
        yield from _firing(preview, firing)
    elif len(preview.states) == 1 and not unknown:
        measured = measured_text(preview.rule, preview.states[0])
        yield _("✅ Would not fire now: {measured}").format(measured=measured)
    elif preview.states and not unknown:
        yield _("✅ Would not fire now")
    if unknown:
        collecting = preview.rule.measure == "runway"
        why = _("▫️ Collecting data: {paths}") if collecting else _("▫️ Not judged yet: {paths}")
        yield why.format(paths=paths_text([s.subject.removeprefix("sum ") for s in unknown]))


def _firing(preview: Preview, firing: Sequence[AlertState]) -> Iterator[str]:
    if len(preview.states) == 1:
        measured = measured_text(preview.rule, firing[0])
        yield _("🟠 Would fire now: {measured}").format(measured=measured)
        return
    would = _("🟠 Would fire now for {n} of {all}")
    yield would.format(n=len(firing), all=len(preview.states))
    yield from (f"· {subject_line(preview.rule, state)}" for state in firing[:MOST_SUBJECTS])
    if len(firing) > MOST_SUBJECTS:
        yield and_more_text(len(firing) - MOST_SUBJECTS)


def _past(preview: Preview, zone: ZoneInfo) -> Iterator[str]:
    past = preview.past
    if past is None:
        yield _("🕰 How often it would have fired is not known: past prices are not kept")
        return
    if past.since is None:
        yield _("🕰 How often it would have fired is not known: nothing was read so far")
        return
    whole = preview.at - past.since >= LOOK_BACK
    count = len(past.raised)
    yield _(_FIRED[whole, min(count, 2)]).format(
        days=LOOK_BACK.days,
        since=clock_text(past.since, zone, now=preview.at),
        n=count,
        last=clock_text(past.raised[-1], zone, now=preview.at) if past.raised else "",
    )


_FIRED = {
    (True, 0): later("🕰 In the last {days} days it would never have fired"),
    (True, 1): later("🕰 In the last {days} days it would have fired once: {last}"),
    (True, 2): later("🕰 In the last {days} days it would have fired {n} times, last {last}"),
    (False, 0): later("🕰 Since {since} it would never have fired"),
    (False, 1): later("🕰 Since {since} it would have fired once: {last}"),
    (False, 2): later("🕰 Since {since} it would have fired {n} times, last {last}"),
}
"""By whether it was watched for all of that time; never, once, or more often."""


def _coin_hint(coin: str, nearest: Sequence[str]) -> str:
    if not nearest:
        return _("⚠️ None of these wallets holds {coin} now").format(coin=one_line(coin))
    return _("⚠️ None of these wallets holds {coin} now; did you mean {nearest}?").format(
        coin=one_line(coin), nearest=one_line(either(nearest))
    )


def mistake_text(line: str, error: RuleError) -> str:
    """Point at the word at fault and say what was expected."""
    before, width = error.column - 1, max(len(error.got), 1)
    start = 0 if before + width <= COLUMNS else max(before - COLUMNS // 2, 0)
    shown = line[start : start + COLUMNS]
    if start:
        shown = f"…{shown[1:]}"
    caret = " " * (before - start) + "^" * max(min(width, COLUMNS - (before - start)), 1)
    return f"❌ {one_line(rule_mistake(error))}\n<pre>{escape(f'{shown}{chr(10)}{caret}')}</pre>"
