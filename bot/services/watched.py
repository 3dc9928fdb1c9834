"""What is watched at present: the accounts with their sub-accounts, and what the rules are about.

The settings say where it begins; what is discovered is added and taken away while the bot runs.
Everybody who needs to know asks here, each time anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain

from bot.core.alerts import AlertKey
from bot.core.portfolio import Account, WalletState, is_listing, sub_of
from bot.core.rules import Rule
from bot.core.scope import Scope
from bot.core.stock import account_of
from bot.core.watches import Watch, watches_of
from bot.fetchers.model import SubAccount
from bot.services.narrowed import narrowed


class Watched:
    """Holds the accounts and the rules, and keeps what follows from both."""

    def __init__(self, accounts: Iterable[Account], rules: Mapping[str, Rule]) -> None:
        """Take those of the settings, both in the order in which they are shown."""
        self._accounts = {account.name: account for account in accounts}
        self.fixed = dict(rules)
        self.rules = dict(rules)
        self.news: int | None = None
        """Up to which change we know what other processes have changed; None: nothing yet."""
        self._settle()

    @property
    def accounts(self) -> tuple[Account, ...]:
        return tuple(self._accounts.values())

    @property
    def size(self) -> int:
        """How many accounts there are."""
        return len(self._accounts)

    @property
    def watches(self) -> tuple[Watch, ...]:
        """What the rules are about, in their order."""
        return self._watches

    @property
    def paths(self) -> tuple[str, ...]:
        """All wallets."""
        return tuple(chain.from_iterable(account.paths for account in self.accounts))

    @property
    def sources(self) -> tuple[str, ...]:
        """All wallets, and the lists of sub-accounts."""
        return tuple(chain.from_iterable(account.sources for account in self.accounts))

    def account(self, name: str) -> Account:
        """Return an account as it is known now."""
        return self._accounts[name]

    def has(self, name: str) -> bool:
        """Whether there is such an account."""
        return name in self._accounts

    def shared_by(self, name: str) -> tuple[AlertKey, ...]:
        """Name what is judged whenever an account is read, and whenever some other is, too."""
        return tuple(
            watch.key
            for watch in self._by_account.get(name, ())
            if any(account_of(path) != name for path in watch.paths)
        )

    def watches_about(self, account: Account) -> tuple[Watch, ...]:
        """List what concerns an account, or would if this were what it is."""
        if self._accounts[account.name] == account:
            return self._by_account.get(account.name, ())
        return _by_account(self._watches_of({**self._accounts, account.name: account})).get(
            account.name, ()
        )

    def adopt(self, *accounts: Account) -> None:
        """Take accounts as they are from now on."""
        changed = {a.name: a for a in accounts if self._accounts[a.name] != a}
        if changed:
            self._accounts |= changed
            self._settle()

    def set_rules(self, rules: Mapping[str, Rule]) -> None:
        """Take rules as they are from now on."""
        if list(rules.items()) != list(self.rules.items()):
            self.rules = dict(rules)
            self._settle()

    def states_in(self, known: Mapping[str, WalletState]) -> tuple[WalletState, ...]:
        """Choose what is known of all that is watched, and can be shown.

        A list of sub-accounts is shown only while it cannot be read: nothing lies in it.
        """
        states = (known.get(path, WalletState(path)) for path in self.sources)
        return tuple(s for s in states if not (is_listing(s.path) and s.readable))

    def snapshots(self, states: Iterable[WalletState]) -> frozenset[tuple[str, str]]:
        """Name where staked coins lie: in wallets made for them, and where they are seen."""
        made_for_them = {
            (f"{account.name}/{wallet}", coin)
            for account in self.accounts
            for wallet, coins in account.coins.items()
            for coin in coins
        }
        seen = {(s.path, b.asset) for s in states for b in s.balances or () if b.staking}
        return frozenset(made_for_them | seen)

    def recall(self, known: Iterable[WalletState]) -> None:
        """Take up the sub-accounts that were discovered before the program was started."""
        found: dict[str, dict[str, SubAccount]] = defaultdict(dict)
        for state in known:
            sub = sub_of(state.path)
            if sub is not None and not is_listing(state.path):
                found[state.path.partition("/")[0]][sub] = SubAccount(sub, frozen=state.frozen)
        self.adopt(
            *(
                account.with_subs(found[account.name].values())
                for account in self.accounts
                if account.sub_wallets
            )
        )

    def within(self, scope: Scope) -> "Watched":
        """Return what one sees of it who may know of some of it only, as it is now.

        A number over several wallets is seen where all of them are.
        """
        if scope.is_all:
            return self
        accounts = (account.only(scope.has) for account in self.accounts)
        watches = tuple(w for w in self.watches if all(map(scope.has, w.paths)))
        return narrowed(
            self,
            accounts={a.name: a for a in accounts if a.wallets or a.sub_wallets},
            watches=watches,
            by_account=_by_account(watches),
        )

    def _settle(self) -> None:
        self._watches = self._watches_of(self._accounts)
        self._by_account = _by_account(self._watches)

    def _watches_of(self, accounts: Mapping[str, Account]) -> tuple[Watch, ...]:
        return tuple(
            watch
            for name, rule in self.rules.items()
            for watch in watches_of(name, rule, accounts.values())
        )


def _by_account(watches: Iterable[Watch]) -> Mapping[str, tuple[Watch, ...]]:
    """Sort watches by the accounts that they need, in the order of the rules."""
    found: dict[str, list[Watch]] = defaultdict(list)
    for watch in watches:
        for account in {path.partition("/")[0] for path in watch.paths}:
            found[account].append(watch)
    return {name: tuple(concerned) for name, concerned in found.items()}
