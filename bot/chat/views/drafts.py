"""The talk in which a rule is made: questions, the preview, what is wrong with a line."""

from collections.abc import Iterator, Sequence
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.numbers import clock_text
from bot.chat.views.layout import COLUMNS, one_line, paths_text
from bot.chat.views.rules import MOST_SUBJECTS, measured_text, rule_text, state_line, unjudged_text
from bot.core.errors import RuleError
from bot.services.ports import MadeRule
from bot.services.preview_rule import LOOK_BACK, Preview

_OR_TYPE = " You may also type the rest of the line."
_OPTIONS = ' Behind it, if you like: <code>· for 2 reads · remind 8h · critical · "a note"</code>.'
_IN_GROUPS = " In a group, as a reply to this message."


def wallet_question() -> str:
    """Ask what a new rule is to be about."""
    each_and_all = "<code>*</code> is each of them, <code>sum *</code> all together."
    return f"<b>New rule</b>\nWhich wallet? {each_and_all}"


def coin_question(text: str) -> str:
    """Ask for the coin."""
    return f"<b>New rule</b>\n<code>{one_line(text)} …</code>\nWhich coin?{_OR_TYPE}"


def condition_question(text: str) -> str:
    """Ask what is to be judged."""
    return f"<b>New rule</b>\n<code>{one_line(text)} …</code>\nWhen shall it fire?{_OR_TYPE}"


def limit_question(text: str, *, example: str) -> str:
    """Ask for the words that are typed."""
    return (
        f"<b>New rule</b>\n<code>{one_line(text)} …</code>\n"
        f"Type the rest, as <code>{escape(example)}</code>.{_OPTIONS}{_IN_GROUPS}"
    )


def edit_question(made: MadeRule) -> str:
    """Ask for the new line of a rule."""
    return (
        f"✏️ <b>{made.name}</b> is now\n{rule_text(made.rule)}\n"
        f"Type the whole line anew.{_IN_GROUPS}"
    )


def preview_text(preview: Preview, zone: ZoneInfo, *, edits: MadeRule | None) -> str:
    """Say what a rule would mean, before there is one."""
    lines = ["<b>New rule</b>", rule_text(preview.rule)]
    if edits is not None:
        lines = [f"<b>Change of {edits.name}</b>", rule_text(edits.rule), "becomes", lines[1]]
    lines += ["", f"Covers {_covered(preview)}", *_now(preview), *_past(preview, zone)]
    if preview.unknown_coin is not None:
        lines += ["", _coin_hint(preview.rule.asset, preview.unknown_coin)]
    return "\n".join(lines)


def _covered(preview: Preview) -> str:
    if not preview.covers:
        return "nothing yet: no such sub-account is known so far"
    how = "" if len(preview.covers) == 1 else _how_many(preview)
    return how + paths_text(preview.covers)


def _how_many(preview: Preview) -> str:
    together = "together" if preview.rule.summed else "each on its own"
    return f"{len(preview.covers)} wallets, {together}: "


def _now(preview: Preview) -> Iterator[str]:
    firing = [state for state in preview.states if state.phase == "firing"]
    unknown = [state for state in preview.states if state.amount is None]
    if firing:
        several = len(preview.states) > 1
        which = f" for {len(firing)} of {len(preview.states)}" if several else ""
        yield f"🟠 Would fire now{which}"
        yield from (state_line(preview.rule, s, named=several) for s in firing[:MOST_SUBJECTS])
        if len(firing) > MOST_SUBJECTS:
            yield f"… and {len(firing) - MOST_SUBJECTS} more"
    elif len(preview.states) == 1 and not unknown:
        yield f"✅ Would not fire now: {measured_text(preview.rule, preview.states[0])}"
    elif preview.states and not unknown:
        yield "✅ Would not fire now"
    if unknown:
        why = unjudged_text(preview.rule).capitalize()
        yield f"▫️ {why}: {paths_text([s.subject.removeprefix('sum ') for s in unknown])}"


def _past(preview: Preview, zone: ZoneInfo) -> Iterator[str]:
    past = preview.past
    if past is None:
        yield "🕰 How often it would have fired is not known: past prices are not kept"
        return
    if past.since is None:
        yield "🕰 How often it would have fired is not known: nothing was read so far"
        return
    since = (
        f"In the last {LOOK_BACK.days} days"
        if preview.at - past.since >= LOOK_BACK
        else f"Since {clock_text(past.since, zone, now=preview.at)}"
    )
    count = len(past.raised)
    if not count:
        yield f"🕰 {since} it would never have fired"
        return
    last = clock_text(past.raised[-1], zone, now=preview.at)
    times = f"once: {last}" if count == 1 else f"{count} times, last {last}"
    yield f"🕰 {since} it would have fired {times}"


def _coin_hint(coin: str, nearest: Sequence[str]) -> str:
    meant = f"; did you mean {one_line(' or '.join(nearest))}?" if nearest else ""
    return f"⚠️ None of these wallets holds {one_line(coin)} now{meant}"


def mistake_text(line: str, error: RuleError) -> str:
    """Point at the word at fault and say what was expected."""
    before, width = error.column - 1, max(len(error.got), 1)
    start = 0 if before + width <= COLUMNS else max(before - COLUMNS // 2, 0)
    shown = line[start : start + COLUMNS]
    if start:
        shown = f"…{shown[1:]}"
    caret = " " * (before - start) + "^" * max(min(width, COLUMNS - (before - start)), 1)
    return f"❌ {one_line(str(error))}\n<pre>{escape(f'{shown}{chr(10)}{caret}')}</pre>"
