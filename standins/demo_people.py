"""The people and places of the demo: pools to draw from, and the clients that every demo has because they are difficult."""

from random import Random
from typing import Any

FIRST_NAMES = (
    "Aaron", "Abigail", "Adrián", "Alicia", "Amara", "Andre", "Angela", "Beatriz", "Brandon", "Brooke",
    "Caleb", "Carlos", "Chloe", "Christine", "Colin", "Courtney", "Daniel", "Deborah", "Derek", "Dolores",
    "Elena", "Eric", "Erin", "Felipe", "Francesca", "Frank", "Gabrielle", "George", "Grace", "Gregory",
    "Hannah", "Harold", "Heather", "Ingrid", "Isaac", "Jamal", "Janelle", "Jasmine", "Jeffrey", "Joanna",
    "Jorge", "Julia", "Katherine", "Keisha", "Kevin", "Laura", "Leonard", "Lindsay", "Luis", "Madison",
    "Marcus", "Margaret", "Mateo", "Megan", "Melissa", "Nathan", "Nicole", "Noah", "Olivia", "Patrick",
    "Paula", "Priya", "Rachel", "Raymond", "Rebecca", "Ruth", "Samuel", "Sandra", "Scott", "Shauna",
    "Sophie", "Stephen", "Tamika", "Teresa", "Thomas", "Tyler", "Vanessa", "Victor", "Wendy", "Xavier",
    "Yolanda",
)  # fmt: skip
LAST_NAMES = (
    "Abernathy", "Adeyemi", "Alvarez", "Anderson", "Bailey", "Barrett", "Beaumont", "Bennett", "Blackwood",
    "Brennan", "Calloway", "Castillo", "Chandler", "Chavez", "Coleman", "Crawford", "Dalton", "Delgado",
    "Dixon", "Donnelly", "Eastman", "Ellison", "Escobar", "Fairchild", "Fitzgerald", "Fontaine",
    "Gallagher", "Garrison", "Goodwin", "Greenberg", "Hawthorne", "Hendricks", "Holloway", "Ibarra",
    "Iverson", "Jankowski", "Jefferson", "Kaplan", "Kendrick", "Kowalski", "Lancaster", "Larsen",
    "Lindqvist", "Lombardi", "Lowery", "McAllister", "McBride", "Mendoza", "Mercer", "Montgomery",
    "Nakamura", "Novak", "Okafor", "Oliver", "Ortega", "Patel", "Pemberton", "Petersen", "Quintero",
    "Ramsey", "Reynolds", "Rosales", "Rutherford", "Sandoval", "Schneider", "Shapiro", "Sinclair",
    "Sutherland", "Tanaka", "Thornton", "Underwood", "Vasquez", "Villanueva", "Walsh", "Weatherby",
    "Whitaker", "Winslow", "Yamamoto", "Zimmerman",
)  # fmt: skip
STREETS = (
    "Maple Street", "Old Mill Road", "Haywood Road", "Ridgecrest Drive", "Laurel Lane", "Sunset Terrace", "Chestnut Avenue",
    "Dogwood Court", "Spruce Hollow Road", "Merrimon Avenue", "Kimberly Avenue", "Creekside Way", "Orchard Hill Drive",
)  # fmt: skip
BLUE_RIDGE_TOWNS = (
    ("Asheville", "NC", "28801"), ("Asheville", "NC", "28804"), ("Weaverville", "NC", "28787"), ("Black Mountain", "NC", "28711"),
    ("Hendersonville", "NC", "28739"), ("Fletcher", "NC", "28732"), ("Waynesville", "NC", "28786"),
)  # fmt: skip
FRONT_RANGE_TOWNS = (
    ("Denver", "CO", "80205"), ("Boulder", "CO", "80302"), ("Fort Collins", "CO", "80521"), ("Golden", "CO", "80401"),
    ("Longmont", "CO", "80501"), ("Littleton", "CO", "80120"), ("Castle Rock", "CO", "80104"),
)  # fmt: skip
BLUE_RIDGE_INSPECTORS = ("Dana Cole", "Marcus Reed", "Erin O'Rourke")
FRONT_RANGE_INSPECTORS = ("Luke Hanson", "Sofía Delgado")


def person(ref: str, first: str, last: str, email: str | None, phone: str | None) -> dict[str, Any]:
    """Return a client as the platform's admin API takes one."""
    return {
        "ref": ref,
        "first_name": first,
        "last_name": last,
        "email": email,
        "phone": phone,
        "mobile_phone": None,
    }


# Two people of one name, letters inside and outside ISO-8859-1, apostrophes, and the ones already in QuickBooks.
DIFFICULT = (
    person("oneil", "Siobhán", "O'Neil", "siobhan.oneil@example.com", "(828) 555-0111"),
    person("johnson-1", "Michael", "Johnson", "mike.johnson@example.com", "(828) 555-0121"),
    person("johnson-2", "Michael", "Johnson", "m.johnson.realty@example.net", "(828) 555-0122"),
    person("dangelo", "Antonio", "D'Angelo", "antonio@dangelo.example.com", "(828) 555-0131"),
    person("munoz", "Lucía", "Muñoz", "lucia.munoz@example.com", "(828) 555-0141"),
    person("nguyen", "Thị Hương", "Nguyễn", "huong.nguyen@example.com", "(828) 555-0151"),
    person("lukasik", "Zoë", "Łukasik", "zoe.lukasik@example.com", "(828) 555-0161"),
    person("whitfield", "Karen", "Whitfield", "karen.whitfield@example.com", "(828) 555-0171"),
    person("haynes", "Robert", "Haynes", "bob.haynes@example.com", "(828) 555-0181"),
    person("stanton", "Gloria", "Stanton", "gloria.stanton@example.com", "(828) 555-0191"),
    person("no-mail", "Earl", "Tucker", None, "(828) 555-0101"),
    person("no-phone", "Mary Beth", "Van der Berg", "marybeth@example.org", None),
    person("company", "Park & Associates,", "LLC", "closings@parkassociates.example.com", "(828) 555-0199"),
)


class Crowd:
    """Draws clients and addresses; no drawn client has the name of another."""

    def __init__(
        self, random: Random, prefix: str, area_code: str, towns: tuple[tuple[str, str, str], ...]
    ) -> None:
        self.random, self.prefix, self.area_code, self.towns = random, prefix, area_code, towns
        self.taken: set[tuple[str, str]] = set()

    def client(self) -> dict[str, Any]:
        """Return a client whose name was not drawn before."""
        while True:
            name = self.random.choice(FIRST_NAMES), self.random.choice(LAST_NAMES)
            if name not in self.taken:
                break
        self.taken.add(name)
        number = len(self.taken)
        plain = f"{name[0]}.{name[1]}".lower().replace("á", "a")
        phone = f"({self.area_code}) 555-{1000 + number}"
        return person(f"{self.prefix}-{number}", *name, f"{plain}@example.com", phone)

    def property(self) -> dict[str, Any]:
        """Return the fields of a property's address."""
        city, state, code = self.random.choice(self.towns)
        unit = f"Unit {self.random.randint(1, 40)}" if self.random.random() < 0.12 else None
        street = f"{self.random.randint(2, 998)} {self.random.choice(STREETS)}"
        return {
            "property_address": street, "property_address_2": unit, "property_city": city, "property_state": state, "property_zip": code,
        }  # fmt: skip
