"""When a digest comes: what is said of it, and of words that say no time."""

from collections.abc import Mapping

from bot.chat.i18n import _, later
from bot.chat.numbers import date_text, minute_text, weekday_text
from bot.chat.views.layout import one_line
from bot.chat.views.mistakes import either
from bot.chat.views.words import usage_text
from bot.core.plans import PlanMistake
from bot.core.timing import DigestPlan
from bot.services.build_digests import PlanReport

_WANTED: Mapping[str, str] = {
    "weekday": later("a day of the week, such as {example}"),
    "day": later("a day of the month, from 1 to 31"),
    "time": later("a time such as 09:00 or 18:30"),
    "period": later("daily, weekly, monthly, at, or off"),
}


def plan_text(report: PlanReport) -> str:
    """Say when a digest comes, and when the next one does."""
    plan = report.plan
    if plan.at is None or report.next_at is None:
        return _("🗓 The digest is off here. /digest daily brings it back.")
    local = report.next_at.astimezone(report.zone)
    return _("🗓 {when} at {time} {zone}\nThe next one: {date}, {next}").format(
        when=_when(plan),
        time=f"{plan.at:%H:%M}",
        zone=local.tzname(),
        date=date_text(local.date()),
        next=minute_text(local),
    )


def _when(plan: DigestPlan) -> str:
    match plan.period:
        case "daily":
            return _("Digest every day")
        case "weekly":
            return _("Digest every {weekday}").format(weekday=weekday_text(plan.weekday))
        case "monthly":
            return _("Digest on day {n} of each month").format(n=plan.day)


def plan_mistake(error: PlanMistake) -> str:
    """Say what was expected, what comes near, and what can be said."""
    wanted = _(_WANTED[error.wanted]).format(example="mon")
    got = f"«{one_line(error.word)}»" if error.word else _("nothing")
    told = _("I expected {wanted}, and got {got}.").format(wanted=wanted, got=got)
    near = _("Did you mean {names}?").format(names=either(error.nearest)) if error.nearest else ""
    return "\n".join([*filter(None, (told, near)), "", usage_text("digest")])
