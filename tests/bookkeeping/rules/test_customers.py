from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookkeeping.rules.customers import (
    PEOPLE,
    Ask,
    Create,
    NameEntry,
    NameIndex,
    NamesWanted,
    Use,
    kept_name,
    match_customer,
    name_key,
    of_people,
)
from bookkeeping.rules.documents import DesiredCustomer

ADA = DesiredCustomer("c1", "Ada Reyes", "Ada", "Reyes", "ada@example.com", "(303) 555-0101", "")
STREET = "12 Oak St"


def entry(qbo_id="71", name="Ada Reyes", kind="Customer", **fields):
    return NameEntry(kind, qbo_id, name, **fields)


def match(*entries, desired=ADA, street=STREET):
    return match_customer(desired, street, entries)


def created(*entries, **kwargs):
    answer = match(*entries, **kwargs)
    assert isinstance(answer, Create), answer
    return answer.display_name


def used(*entries, **kwargs):
    answer = match(*entries, **kwargs)
    assert isinstance(answer, Use), answer
    return answer.qbo_id


def asked(*entries, **kwargs):
    answer = match(*entries, **kwargs)
    assert isinstance(answer, Ask), answer
    return [candidate.entry.qbo_id for candidate in answer.candidates]


def test_a_new_client_gets_the_name():
    assert created() == "Ada Reyes"


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.com", "bo@example.com, Ada@example.com"])
def test_same_name_and_email_is_the_customer(email):
    assert used(entry(email=email)) == "71"


def test_the_name_may_be_in_other_case_suffixed_or_in_first_and_last():
    assert used(entry(name="ada reyes", email=ADA.email)) == "71"
    assert used(entry(name="Ada Reyes (2)", email=ADA.email)) == "71"
    assert used(entry(name="Reyes, Ada", given_name="Ada", family_name="Reyes", email=ADA.email)) == "71"


@pytest.mark.parametrize(
    "phone",
    [
        "3035550101",
        "+1 303.555.0101",
        "720-555-0000, 303-555-0101 x12",
        "303-555-0101 or 720-555-0000",
        "720 555 0000 & 303 555 0101",
        "720 555 0000 and 303 555 0101",
    ],
)
def test_same_name_and_phone_is_the_customer(phone):
    assert used(entry(phone=phone, email="other@example.com")) == "71"


def test_the_mobile_phone_counts_too():
    assert used(entry(phone="303 555 0101"), desired=replace(ADA, phone="", mobile="3035550101")) == "71"


@pytest.mark.parametrize("address", ["12 Oak St", "12 OAK ST., Denver, CO 80203"])
def test_same_name_and_address_is_the_customer(address):
    assert used(entry(address=address)) == "71"


@pytest.mark.parametrize("address", ["", "Denver", "112 Oak St", "12 Elm St"])
def test_another_address_is_not(address):
    assert created(entry(address=address)) == "Ada Reyes (2)"


def test_the_email_comes_before_phone_and_address():
    father = entry("70", phone=ADA.phone, address=STREET)
    son = entry("71", "Ada Reyes (2)", email=ADA.email)
    assert used(father, son) == "71"


def test_another_name_with_the_same_email_is_someone_else():
    assert created(entry(name="Bo Reyes", email=ADA.email, phone=ADA.phone)) == "Ada Reyes"


def test_a_new_customer_says_whether_somebody_has_the_name():
    assert match().because == "New Customer: nobody in QuickBooks had the name."
    assert match(entry()).because == "New Customer: the name was taken by someone else."


def test_customers_vendors_and_employees_share_one_space_of_names():
    assert PEOPLE == ("Customer", "Vendor", "Employee")
    assert [kind for kind in (*PEOPLE, "Item", "Account", "") if of_people(kind)] == list(PEOPLE)


def test_two_clients_of_one_name_are_two_customers():
    assert created(entry(email="other@example.com", phone="720 555 0000")) == "Ada Reyes (2)"
    assert created(entry(), entry("72", "Ada Reyes (2)")) == "Ada Reyes (3)"


def test_a_customer_known_by_name_only_is_not_taken_for_the_client():
    assert created(entry()) == "Ada Reyes (2)"


def test_a_person_is_asked_when_nothing_is_known_but_the_name():
    bare = replace(ADA, email="", phone="")
    assert asked(entry(), desired=bare, street="") == ["71"]
    assert created(desired=bare, street="") == "Ada Reyes"


def test_several_matches_wait_for_a_person_with_the_evidence():
    answer = match(
        entry("70", email=ADA.email), entry("71", "Ada Reyes (2)", email=ADA.email, phone=ADA.phone)
    )
    assert isinstance(answer, Ask)
    assert [candidate.evidence for candidate in answer.candidates] == [
        ("same name", "same email: ada@example.com"),
        ("same name", "same email: ada@example.com", "same phone: (303) 555-0101"),
    ]


@pytest.mark.parametrize("mark", ["(deleted)", "(deleted-1)"])
def test_an_inactive_match_waits_and_is_not_reactivated(mark):
    gone = entry(name=f"Ada Reyes {mark}", active=False, email=ADA.email)
    assert asked(gone) == ["71"]
    assert used(gone, entry("72", email=ADA.email)) == "72"


def test_an_inactive_stranger_of_that_name_only_takes_the_name():
    assert (
        created(entry(name="Ada Reyes (deleted)", active=False, email="other@example.com")) == "Ada Reyes (2)"
    )


@pytest.mark.parametrize("kind", ["Vendor", "Employee"])
def test_a_vendor_or_employee_of_that_name_is_never_used(kind):
    assert created(entry(kind=kind, email=ADA.email)) == "Ada Reyes (client)"


def test_what_was_added_to_the_index_is_seen():
    index = NameIndex()
    other = replace(ADA, client_key="c2", email="other@example.com", phone="")
    first = match_customer(ADA, STREET, index)
    index.add(entry("80", first.display_name, email=ADA.email))
    assert match_customer(other, "9 Elm St", index).display_name == "Ada Reyes (2)"
    assert match_customer(ADA, STREET, index).qbo_id == "80"
    assert len(index) == 1 and index[0].qbo_id == "80"


names = st.sampled_from(
    ["Ada Reyes", "ada reyes", "Ada Reyes (2)", "Ada Reyes (client)", "Ada Reyes (deleted)", "Bo"]
)
entries = st.lists(
    st.builds(
        NameEntry,
        kind=st.sampled_from(["Customer", "Vendor", "Employee"]),
        qbo_id=st.integers(1, 99).map(str),
        display_name=names,
        email=st.sampled_from(["", "ada@example.com", "b@example.com, ADA@example.com", "bo@example.com"]),
        phone=st.sampled_from(["", "303-555-0101", "555"]),
        address=st.sampled_from(["", "12 Oak St, Denver", "Oak"]),
        active=st.booleans(),
    ),
    max_size=6,
)


@given(entries)
def test_whatever_the_index_the_answer_is_safe(index):
    match match_customer(ADA, STREET, index):
        case Create(display_name):
            assert name_key(display_name) not in {name_key(each.display_name) for each in index}
        case Use(qbo_id):
            assert any(e.qbo_id == qbo_id and e.kind == "Customer" and e.active for e in index)
        case Ask(candidates):
            assert candidates and all(each.entry.kind == "Customer" for each in candidates)


@given(entries)
def test_a_customer_that_was_created_is_found_again(index):
    answer = match_customer(ADA, STREET, index)
    if isinstance(answer, Create):
        made = NameEntry("Customer", "new", answer.display_name, ADA.email, ADA.phone)
        assert match_customer(ADA, STREET, [*index, made]) == Use(
            "new", match_customer(ADA, STREET, [*index, made]).because
        )


@pytest.mark.parametrize(
    "name",
    ["Reyes, Ada", "REYES,  ada", "Reyes,Ada", "Reyes , Ada", "Reyes, Ada (2)", "Reyes, Ada (deleted)"],
)
def test_last_comma_first_is_alike(name):
    assert NameIndex([entry(name=name)]).customers_like("Ada Reyes")
    assert used(entry(name=name, email=ADA.email)) == "71"


def test_a_client_that_the_platform_writes_last_comma_first_is_alike_too():
    hers = entry(email=ADA.email)
    assert used(hers, desired=replace(ADA, display_name="Reyes, Ada")) == "71"
    assert len(NameIndex([entry(name="Reyes, Ada")]).customers_like("Reyes, Ada")) == 1


@pytest.mark.parametrize("name", ["Reyes,Ada Maria, Dr.", "Ada, Reyes", ", Ada Reyes", "Reyes,"])
def test_other_names_with_a_comma_are_not_alike(name):
    assert not NameIndex([entry(name=name)]).customers_like("Ada Reyes")


@pytest.mark.parametrize(
    ("ours", "now", "wanted", "name"),
    [
        ("Ada Reyes", "Ada Reyes", "Ada Reyes", "Ada Reyes"),
        ("Ada Reyes (2)", "Ada Reyes (2)", "Ada Reyes", "Ada Reyes (2)"),
        ("Ada Reyess", "Ada Reyess", "Ada Reyes", "Ada Reyes (client)"),
        ("Ada Reyess (2)", "Ada Reyess (2)", "Ada Reyess", "Ada Reyess (2)"),
        ("Ada Reyes-Li", "Ada Reyes-Li", "Ada Li", "Ada Li"),
        ("Ada Li", "Li, Ada", "Ada Li", "Li, Ada"),
        ("Ada Li", "Li, Ada", "Ada Lee", "Ada Lee"),
    ],
)
def test_a_name_follows_the_client_and_else_stays_as_it_is_now(ours, now, wanted, name):
    others = [entry("80", "Ada Reyes", "Vendor"), entry("81", "Bo")] if name.endswith("(client)") else []
    index = NameIndex([entry("71", now), *others])
    assert kept_name(ours, replace(ADA, display_name=wanted), "71", index) == name


@pytest.mark.parametrize(("currency", "is_her"), [("", True), ("USD", True), ("CAD", False), ("EUR", False)])
def test_a_customer_in_another_currency_is_never_the_client_but_holds_its_name(currency, is_her):
    her = entry(email=ADA.email, phone=ADA.phone, address=STREET, currency=currency)
    if is_her:
        assert used(her) == "71"
    else:
        assert created(her) == "Ada Reyes (2)"
        assert created(her, entry("72", email=ADA.email, active=True, currency="GBP")) == "Ada Reyes (2)"
        assert used(her, entry("73", email=ADA.email)) == "73"


LONG = "Ada-Maria-" * 50
CALLED = [
    *(
        "Ada Reyes",
        "ada  reyes",
        "Ada Reyes (2)",
        "Ada Reyes (client)",
        "Ada Reyes (client 2)",
        "Reyes, Ada",
        "Reyes, Ada (2)",
    ),
    *(
        "Ada Reyes (deleted)",
        "Ada Reyes (2) (deleted)",
        "Bo Lind",
        "Lind, Bo",
        "Ada",
        LONG,
        f"{LONG[:496]} (2)",
        f"{LONG[:491]} (client)",
    ),
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(CALLED),
            st.sampled_from(["Customer", "Vendor"]),
            st.booleans(),
            st.booleans(),
            st.booleans(),
        ),
        max_size=12,
    ),
    st.sampled_from(["Ada Reyes", "Reyes, Ada", "Bo Lind", "Ada Reyes (2)", LONG]),
)
def test_of_all_names_only_those_wanted_matter(listed, called):
    index = [
        replace(
            entry(str(number), name, kind, email=ADA.email if known else "", active=active),
            given_name="Ada" if split else "",
            family_name="Reyes" if split else "",
        )
        for number, (name, kind, known, active, split) in enumerate(listed)
    ]
    wanted = NamesWanted.of([called], ["3"])
    some = [
        one
        for one in index
        if wanted.want(one.kind, one.qbo_id, name_key(one.display_name), one.given_name, one.family_name)
    ]
    client = replace(ADA, display_name=called)
    assert match_customer(client, STREET, some) == match_customer(client, STREET, index)
    assert NameIndex(some).free_name(called) == NameIndex(index).free_name(called)
    assert kept_name(called, client, "3", NameIndex(some)) == kept_name(called, client, "3", NameIndex(index))
