"""Values that follow from a share, a change, a rate, or from amounts that follow each other."""

from __future__ import annotations

import pytest

from tests.unit.judges.values.carrying import is_known


@pytest.mark.parametrize(
    ("evidence", "right", "wrong"),
    [
        ("The rate rose from 24% in May to 30% in June.", "It rose by 6 percentage points.", "It rose by 6 percent."),
        ("It fell from 8.2% to 6.9%.", "It fell by 1.3 percentage points.", "It fell by 1.4 percentage points."),
        ("Le taux est passé de 9,1 % à 7,4 %.", "Il a baissé de 1,7 point.", "Il a baissé de 2,7 points."),
        ("Sie stieg von 61,4 auf 66,9 Prozent.", "Es sind 5,5 Prozentpunkte mehr.", "Es sind 7,5 Prozentpunkte mehr."),
        ("It sold 120 bikes in April, 150 in May and 180 in June.", "In total 450 bikes.", "In total 460 bikes."),
        ("It sold 88 in the first game and 92 in the second.", "On average 90.", "On average 91."),
        ("Die Zahl sank von 620 auf 580.", "Sie sank um 40.", "Sie sank um 60."),
        ("Half of the 80 students passed.", "40 students passed.", "45 students passed."),
        ("Three quarters of the 200 guests stayed.", "150 guests stayed.", "75 guests stayed."),
        ("Of the 250 applicants, 30% came.", "75 applicants came.", "85 applicants came."),
        ("Two thirds of the 90 members voted.", "Two thirds of the members did.", "A third of the members did."),
        ("Die Hälfte der 80 Schüler kam.", "40 came.", "60 came."),
        ("33.3% of the voters stayed.", "A third of the voters stayed.", "Two thirds of the voters stayed."),
        ("It made 500 tonnes. Now it is 10% lower.", "It is 450 tonnes now.", "It is 460 tonnes now."),
        ("The output of 800 units fell by 5%.", "Output is 760 units.", "Output is 750 units."),
        ("It fills 60 bottles a minute.", "It fills 3,600 bottles an hour.", "It fills 6,000 bottles an hour."),
        ("It costs 12,000 euros a year.", "It is 1,000 euros a month.", "It is 1,200 euros a month."),
        ("The Pro plan is $49/month.", "A year of it costs $588.", "A year of it costs $598."),
        ("It moves 3.5 litres per minute.", "It moves 210 litres per hour.", "It moves 350 litres per hour."),
        ("The engine has 150 kW.", "The engine has 201 hp.", "The engine has 220 hp."),
        ("Store it between 2 °C and 8 °C.", "Store it at 36–46 °F.", "Store it at 2–8 °F."),
        ("It takes 18 months.", "It takes a year and a half.", "It takes two and a half years."),
        ("Wait 30 minutes.", "Wait half an hour.", "Wait an hour and a half."),
        ("Bake it for 45 minutes.", "Bake it for three quarters of an hour.", "Bake it for a quarter of an hour."),
        ("It weighs 4.2 kg. The lid adds 350 g.", "In total 4.55 kg.", "In total 4.7 kg."),
        ("The price fell from $80 to $60.", "It fell by 25%.", "It fell by 30%."),
        ("It runs from 1 July 2022 to 30 June 2025.", "It runs for 3 years.", "It runs for 5 years."),
        ("| Quarter | Revenue (€m) |\n| Q3 | 15.2 |", "Revenue was €15.2 million.", "Revenue was €15.2 billion."),
    ],
)
def test_what_follows_is_known_and_what_does_not_is_not(evidence: str, right: str, wrong: str) -> None:
    assert is_known(evidence, right)
    assert not is_known(evidence, wrong)
