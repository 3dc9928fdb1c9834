"""What there is, word for word: totals, wallets, values, and what each rests on."""

import re
from decimal import Decimal

from bot.core.portfolio import WalletState
from bot.fetchers.model import Balance, Staking
from tests.chat.views.reading import read
from tests.chat.views.samples import DOWN, ago, coin, price, shown, wallet


def test_balances() -> None:
    """The value first, totals, then each wallet with its age and value, and what is held."""
    text = shown(
        wallet("main/funding", coin("ETH", "37.11827078", "30", "7.11827078"), coin("OLD", "0")),
        wallet("main/sub:desk1"),
        wallet("xt/spot", coin("ETH", "1", "1", "0"), coin("USDT", "1000.5")),
        by=[price("ETH-USDT", "2000.25")],
    )
    assert text == (
        "<b>Balances</b> · 12:00:30 UTC\n"
        "<b>≈ 77,246.57 USDT</b>\n"
        "<pre>ETH       38.11827078\n"
        "· USDT      76,246.07\n"
        "USDT          1,000.5</pre>\n"
        "\n<b><code>main/funding</code></b> · 5 s ago · ≈\xa074,245.82\xa0USDT\n"
        "<pre>ETH       37.11827078\n"
        "· free             30\n"
        "· held     7.11827078</pre>\n"
        "\n<b><code>xt/spot</code></b> · 5 s ago · ≈\xa03,000.75\xa0USDT\n"
        "<pre>ETH           1\n"
        "USDT    1,000.5</pre>\n"
        "\nempty: <code>main/sub:desk1</code>"
    )


def test_a_wallet_that_cannot_be_read() -> None:
    """It shows why, and its last good value with its age; no total counts it."""
    failing = wallet("main/funding", coin("ETH", "3"), read_at=ago(minutes=4), health=DOWN)
    text = shown(failing, wallet("xt/spot", coin("ETH", "1")))
    assert "<pre>ETH    ≥ 1</pre>" in text
    assert "⚠️ without <code>main/funding</code>: not readable now" in text
    assert (
        "⚠️ <b><code>main/funding</code></b>\nokx answered HTTP 502\n"
        "last good value, 4 min ago:\n<pre>ETH    3</pre>"
    ) in text


def test_a_wallet_that_was_never_read() -> None:
    """It has no number at all."""
    text = shown(WalletState("main/funding", health=DOWN))
    assert "okx answered HTTP 502; never read so far" in text
    assert "<pre>" not in text
    assert "nothing in any wallet" not in text
    assert "empty" not in text


def test_sub_accounts_out_of_use_and_unlisted() -> None:
    """A frozen one is named so; a list that cannot be read holds nothing, and does not say so."""
    frozen = shown(wallet("main/sub:a", coin("USDT", "5"), frozen=True))
    assert "<b><code>main/sub:a</code></b> · frozen · " in frozen
    unlisted = shown(wallet("main/sub:*", health=DOWN))
    assert "okx answered HTTP 502\nsub-accounts as they were listed " in unlisted
    assert "held nothing" not in unlisted


def test_available_only() -> None:
    """Where the exchange does not tell the total, the heading says what is shown."""
    text = shown(wallet("coinw/spot", coin("USDT", None, "257.51830114")))
    assert "<code>coinw/spot</code></b> · 5 s ago · available\n<pre>USDT    257.51830114<" in text
    assert "<pre>USDT    ≥ 257.51830114</pre>" in text


def test_staking() -> None:
    """A snapshot says how old it is, and what it has earned."""
    staking = Staking(ago(hours=3), Decimal("0.00006549"), Decimal("0.01490596"))
    beth = Balance("BETH", Decimal("0.63926191"), None, None, staking)
    text = shown(wallet("main/eth-staking", beth))
    assert text.endswith(
        "<pre>BETH    0.63926191</pre>\nsnapshot 3 h ago · interest 0.00006549, in all 0.01490596"
    )


def test_values_that_are_the_least() -> None:
    """What has no price, and what cannot be read or is not told, makes the value the least."""
    held = wallet("a/spot", coin("ETH", "2"), *(coin(f"C{n}", "1") for n in range(7)))
    prices = [price("ETH-USDT", "0.999")]
    text = shown(held, by=prices)
    assert (
        "<b>≥ 1.99 USDT</b>\nno price: C0, C1, C2, C3, C4 and 2 more\n<pre>C0           1\n"
    ) in text  # 1.998 rounded down: at least that much is there
    assert "\nETH          2\n· USDT    2.00</pre>" in text
    partly = wallet("coinw/spot", coin("ETH", None, "3"))
    text = shown(wallet("a/spot", coin("USDT", "1")), partly, by=prices)
    assert "<b>≥ 3.99 USDT</b>" in text
    assert "ETH       ≥ 3\n· USDT    ≥ 2.99\nUSDT        1</pre>".replace(" ", "") in (
        text.replace(" ", "")
    )
    assert "5 s ago · available · ≥\xa02.99\xa0USDT" in text
    blind = shown(wallet("a/spot", coin("ETH", "2")), wallet("b/spot", health=DOWN), by=prices)
    assert "<b>≥ 1.99 USDT</b>" in blind
    assert "<code>a/spot</code></b> · 5 s ago · ≈\xa02.00\xa0USDT" in blind


def test_no_price_at_all() -> None:
    """Where nothing has a price there is no value, rather than one of nothing."""
    text = shown(wallet("a/spot", coin("ETH", "2")), wallet("b/spot", coin("X<", "1")))
    assert "UTC\nno price: ETH, X&lt;\n<pre>ETH" in text
    assert not re.search("[≈≥]|USDT", text)


def test_a_value_of_debts() -> None:
    """What is owed goes off; without a price it is said that the value may be less."""
    prices = [price("ETH-USDT", "2"), price("BTC-USDT", "70000")]
    text = shown(wallet("a/trading", coin("ETH", "1"), coin("BTC", "-1")), by=prices)
    assert "<b>≈ −69,998.00 USDT</b>" in text
    assert "· USDT    −70,000.00" in text
    text = shown(wallet("a/trading", coin("ETH", "1"), coin("X", "-1"), coin("Y", "2")), by=prices)
    assert (
        "<b>≈ 2.00 USDT</b>\nno price: Y\nowed, and no price: X; it may be less\n<pre>"
    ) in text


def test_debts_that_cannot_be_read() -> None:
    """What owed something when it was last read makes of "at least" a guess, and is named."""
    prices = [price("ETH-USDT", "2")]
    indebted = wallet("a/trading", coin("USDT", "-400"), health=DOWN)
    text = shown(wallet("a/spot", coin("USDT", "1000"), coin("ETH", "2")), indebted, by=prices)
    assert "<b>≈ 1,004.00 USDT</b>" in text
    assert "ETH           ≥ 2\n· USDT     ≥ 4.00\nUSDT      ≈ 1,000<" in text
    assert "not readable now\nUSDT was owed there, so that it may be less" in text
    of_coin = shown(wallet("a/spot", coin("ETH", "2")), indebted, coin="ETH", by=prices)
    assert "≥ 2" in of_coin


def test_what_a_value_rests_on() -> None:
    """Old prices are told with their age, and a USDT that nobody quotes is said to be a dollar."""
    prices = [price("ETH-USDT", "2", minutes=12)]
    held = wallet("a/spot", coin("ETH", "1"))
    assert "<b>≈ 2.00 USDT</b>\nprices 12 min old\n<pre>" in shown(held, by=prices)
    text = shown(held, by=("USD", prices))
    assert "<b>≈ 2.00 USD</b>\n1 USDT counted as 1 USD · prices 12 min old\n<pre>" in text
    fresh = [price("ETH-USDT", "2", minutes=5), price("USDT-USD", "0.5")]
    assert "<b>≈ 1.00 USD</b>\n<pre>" in shown(held, by=("USD", fresh))
    assert "<b>≈ 0.12500000 BTC</b>" in shown(held, by=("BTC", [price("ETH-BTC", "0.125")]))


def test_a_value_is_told_once() -> None:
    """Of one coin, or in one wallet, all is worth what is said at the top."""
    prices = [price("ETH-USDT", "2")]
    one = shown(wallet("a/spot", coin("ETH", "3")), by=prices)
    both = shown(
        wallet("a/spot", coin("ETH", "3"), coin("X", "1")), wallet("b/spot"), coin="ETH", by=prices
    )
    assert one.count("6.00") == 1
    assert both.count("6.00") == 2  # the second for the wallet
    assert "no price" not in both


def test_what_is_staked_alone() -> None:
    """Of staked coins it is told how much lies in no other wallet; they have their own price."""
    staking = Staking(None, Decimal(0), Decimal(0))
    text = shown(
        wallet("main/funding", coin("BETH", "1.5")),
        wallet("main/eth-staking", Balance("BETH", Decimal(4), None, None, staking)),
        by=[price("ETH-USDT", "2000"), price("BETH-USDT", "1900")],
    )
    assert (
        "<b>≈ 7,600.00 USDT</b>\n<pre>BETH    4</pre>\nBETH: of which staked or redeeming 2.5\n"
    ) in text
    blind = shown(
        wallet("main/funding", health=DOWN),
        wallet("main/eth-staking", Balance("BETH", Decimal(4), None, None, staking)),
        wallet("main2/eth-staking", Balance("BETH", Decimal(1), None, None, staking)),
    )
    assert "BETH: of which staked or redeeming ≥ 1\n" in blind
    nasty = Balance("<b>", Decimal(1), None, None, staking)
    assert "<b>: of which staked" in read(shown(wallet("a/eth-staking", nasty)))


def test_what_belongs_to_a_coin_is_in_one_table() -> None:
    """Where tables are many, none begins with a part of the coin that the one before names."""
    held = [coin(f"C{n:03}", "3", "2", "1") for n in range(100)]
    text = shown(wallet("a/spot", coin("A", "1"), *held), by=[price("C007-USDT", "2")])
    assert text.count("<pre>") == 4 + 10
    assert "<pre>·" not in text


def test_an_unknown_amount_is_unknown() -> None:
    """A coin whose amount is not told is not shown as nothing."""
    assert "<pre>ETH    unknown</pre>" in shown(wallet("a/spot", coin("ETH", None, None, "1")))


def test_one_coin() -> None:
    """Asked for one coin, no other is shown, and no empty wallet."""
    text = shown(
        wallet("a/spot", coin("ETH", "1"), coin("BTC", "2")), wallet("b/spot"), coin="BTC"
    )
    assert text.startswith("<b>Balances</b> · BTC · ")
    assert "<pre>BTC    2</pre>" in text
    assert "<pre>ETH" not in text
    assert "empty" not in text
