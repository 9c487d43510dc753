"""Secrets at rest: what was sealed for one place opens there alone, and keys that are none are said, not stumbled over."""

import pytest
from cryptography.fernet import Fernet

from bookkeeping.errors import MisconfiguredError
from bookkeeping.storage.company.vault import Vault

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


def test_what_is_sealed_opens_under_any_of_the_keys_in_its_own_place_alone():
    sealed = Vault((OLD,)).seal("a token", 7, "tokens")
    assert Vault((NEW, OLD)).open(sealed, 7, "tokens") == "a token"
    for company_id, column in ((8, "tokens"), (7, "realm"), (77, "tokens")):
        with pytest.raises(MisconfiguredError, match="does not belong to"):
            Vault((OLD,)).open(sealed, company_id, column)
    with pytest.raises(MisconfiguredError, match="put the old key back"):
        Vault((NEW,)).open(sealed, 7, "tokens")


@pytest.mark.parametrize(
    ("keys", "said"), [((), "holds no key"), (("short",), "no Fernet key"), ((OLD, "é"), "no Fernet key")]
)
def test_keys_that_are_none_are_said(keys, said):
    with pytest.raises(MisconfiguredError, match=said):
        Vault(keys)


def test_a_mark_is_good_bad_or_of_a_key_that_is_gone():
    mark = Vault((OLD,)).sign("heads", "a text")
    both = Vault((NEW, OLD))
    assert both.is_signed("heads", "a text", mark) is True
    assert both.is_signed("heads", "another", mark) is both.is_signed("other", "a text", mark) is False
    assert both.is_signed("heads", "a text", f"{both.newest}.é") is False
    assert Vault((NEW,)).is_signed("heads", "a text", mark) is None
