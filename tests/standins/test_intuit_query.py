"""The query language: what is found, in which order, how it is paged, and the exact words of a refusal."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.standins.conftest import current, sale_line


@pytest.fixture
def invoices(company):
    """Three customers with an invoice each, the first one paid."""
    made = []
    for number, name in enumerate(["O'Hara & Sons", "back\\slash", "Peet's"]):
        fields = {"PrimaryEmailAddr": {"Address": f"p{number}@example.com"}}
        invoice = company.invoice(
            company.customer(name, **fields), 100 + number, TxnDate=f"2026-03-0{number + 1}"
        )
        made.append(invoice)
    company.payment(made[0])
    return made


def numbers(company, statement: str) -> list[str]:
    return [each["DocNumber"] for each in company.query(statement).get("Invoice", [])]


@pytest.mark.parametrize(
    ("clause", "found"),
    [
        ("", ["1001", "1002", "1003"]),
        ("where Balance > '0'", ["1002", "1003"]),
        ("WHERE balance = 0", ["1001"]),
        ("where TotalAmt >= 101 AND TotalAmt < '102.00'", ["1002"]),
        ("where TxnDate <= '2026-03-02'", ["1001", "1002"]),
        ("where DocNumber IN ('1003', '1001', '9')", ["1001", "1003"]),
        ("where DocNumber like '%3'", ["1003"]),
        ("orderby TotalAmt DESC", ["1003", "1002", "1001"]),
        ("ORDER BY Balance, TxnDate desc", ["1001", "1002", "1003"]),
        ("order by TotalAmt startposition 2 maxresults 1", ["1002"]),
        ("startposition 4", []),
        ("maxresults 0", []),
        ("where MetaData.LastUpdatedTime > '2040-01-01T00:00:00Z'", []),
        ("where MetaData.CreateTime >= '2020-01-01'", ["1001", "1002", "1003"]),
    ],
)
def test_invoices_are_found(company, invoices, clause, found):
    assert numbers(company, f"select * from Invoice {clause}") == found


def test_by_reference_by_id_and_by_time_with_offset(company, invoices):
    one = invoices[1]
    assert numbers(company, f"select * from invoice where CustomerRef = '{one['CustomerRef']['value']}'") == [
        "1002"
    ]
    assert numbers(company, f"select * from INVOICE where id in ('{one['Id']}', '0')") == ["1002"]
    moment = datetime.fromisoformat(one["MetaData"]["CreateTime"]).astimezone(UTC)
    later = (moment + timedelta(minutes=10)).isoformat()
    assert numbers(company, f"select * from Invoice where MetaData.CreateTime > '{later}'") == []
    same = f"'{moment.isoformat()}'"
    assert "1002" in numbers(company, f"select * from Invoice where MetaData.CreateTime = {same}")


@pytest.mark.parametrize("written", [r"O\'Hara & Sons", r"back\\slash", "peet\\'S"])
def test_names_with_quotes_and_backslashes(company, invoices, written):
    found = company.query(f"select * from Customer where DisplayName = '{written}'")
    assert found["maxResults"] == 1


def test_counts_projections_and_envelopes(company, invoices):
    assert company.query("select count(*) from Invoice where Balance > '0'") == {"totalCount": 2}
    assert company.query("select * from Vendor") == {}
    whole = company.query("select * from Customer maxresults 2")
    assert (whole["startPosition"], whole["maxResults"], len(whole["Customer"])) == (1, 2, 2)
    row = company.query("SELECT Id, SyncToken, Active FROM Customer")["Customer"][0]
    assert set(row) >= {"Id", "SyncToken", "Active"} and "DisplayName" not in row
    assert company.query("select *, Sku from Item")["Item"][0]["Name"] == "Services"
    by_mail = company.query("select * from Customer where PrimaryEmailAddr = 'P1@example.com'")
    assert by_mail["Customer"][0]["DisplayName"] == "back\\slash"
    answer = company.send("GET", "query", params={"query": "select * from Invoice"})
    assert len(answer.json()["QueryResponse"]["Invoice"]) == 3


def test_default_page_is_a_hundred_and_the_largest_a_thousand(company):
    company.admin(
        "batch",
        {
            "BatchItemRequest": [
                {"operation": "create", "Customer": {"DisplayName": f"C{n}"}} for n in range(1005)
            ]
        },
    )
    assert company.query("select * from Customer")["maxResults"] == 100
    assert company.query("select * from Customer maxresults 1000")["maxResults"] == 1000
    assert company.query("select * from Customer startposition 1001 maxresults 1000")["maxResults"] == 5


def test_inactive_rows_only_when_asked_for(company):
    ada = company.customer()
    company.post("Customer", current(ada) | {"sparse": True, "Active": False})
    for clause, found in (
        ("", 0),
        ("where Active = true", 0),
        ("where Active = false", 1),
        ("where Active in (true, false)", 1),
    ):
        assert company.query(f"select count(*) from Customer {clause}") == {"totalCount": found}, clause


@pytest.mark.parametrize(
    ("statement", "code", "detail"),
    [
        (
            "select * from Invoice TxnDate",
            "4000",
            'QueryParserError: Encountered " <IDENTIFIER> "TxnDate "" at line 1, column 23.',
        ),
        (
            "select * from Invoice where",
            "4000",
            'QueryParserError: Encountered "<EOF>" at line 1, column 28.',
        ),
        ("select * from Invoice where Id in ()", "4000", None),
        ("select * from Invoice where Id = '1' or Id = '2'", "4000", None),
        ("select * from Invoice where Id != '1'", "4000", None),
        ("select * from Invoice where (Id = '1')", "4000", None),
        ("select * from Customer where DisplayName = 'Peet's'", "4000", None),
        ("select * from Invoice maxresults many", "4000", None),
        ("", "4000", None),
        (
            "select * from Invoice where NoSuchField = '1'",
            "4001",
            "QueryValidationError: Property NoSuchField not found for Entity Invoice",
        ),
        (
            "select * from Payment where UnappliedAmt > '0'",
            "4001",
            "QueryValidationError: property 'UnappliedAmt' is not queryable",
        ),
        ("select * from Invoice where PrivateNote = 'x'", "4001", None),
        ("select * from Invoice where Line.Amount = '1'", "4001", None),
        ("select * from Invoice order by LinkedTxn", "4001", None),
        ("select * from Invoice where Id > '1'", "4001", None),
        ("select * from Invoice where TotalAmt = 'many'", "4001", None),
        ("select * from Nothing", "4001", None),
        (
            "select * from Invoice startposition 0",
            "4001",
            "QueryValidationError: value 0 is too small. Min allowed value is 1",
        ),
        ("select * from Invoice maxresults 1001", "4001", None),
    ],
)
def test_query_is_refused(company, statement, code, detail):
    answer = company.send("POST", "query", data=statement, headers={"Content-Type": "application/text"})
    error = answer.json()["Fault"]["Error"][0]
    assert (answer.status_code, error["code"]) == (400, code)
    assert error["Message"] == {"4000": "Error parsing query", "4001": "Invalid query"}[code]
    assert detail is None or error["Detail"] == detail


def test_deleted_transactions_are_not_found(company, invoices):
    company.post("Invoice", current(invoices[2]), operation="delete")
    assert numbers(company, "select * from Invoice") == ["1001", "1002"]


def test_receipts_are_queried_by_number(company):
    ada = company.customer()
    company.receipt(ada, DocNumber="R-1")
    company.post("SalesReceipt", {"CustomerRef": {"value": ada["Id"]}, "Line": [sale_line(5)]})
    found = company.query("select * from SalesReceipt where DocNumber = 'r-1'")
    assert [each["TotalAmt"] for each in found["SalesReceipt"]] == [350]
