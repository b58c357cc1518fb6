from pathlib import Path
from tests.integration.web.conftest import Web
from headgate.core.roles import Grant, Role
from headgate.core.cases import CaseFilter

def test_first(web: Web) -> None:
    account = web.account(Grant(role=Role.REVIEWER))
    client = web.signed_in(account)
    answer = client.get("/inbox")
    Path("/tmp/inbox.html").write_text(answer.text)
    assert answer.status_code == 200
    import time
    for case in web.site.desk.cases.cases(CaseFilter()):
        a = time.time()
        answer = client.get(f"/cases/{case.id}")
        print(case.code, answer.status_code, round((time.time() - a) * 1000))
        Path(f"/tmp/case-{case.code}.html").write_text(answer.text)
        assert answer.status_code == 200
        form = {"csrf": web.csrf(account), "case": case.id}
        answer = client.post("/inbox/plan", data=form, headers={"X-Headgate-Part": "1"})
        Path(f"/tmp/plan-{case.code}.html").write_text(answer.text)
        assert answer.status_code == 200
        assert client.post("/inbox/plan", data=form).status_code == 200
