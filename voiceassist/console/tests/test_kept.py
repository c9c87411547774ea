import threading

from voiceassist.console.kept import Kept


def test_many_who_ask_at_the_same_time_make_one_look():
    looks, may_end = [], threading.Event()

    def look():
        looks.append(1)
        may_end.wait()
        return len(looks)

    kept = Kept(look, seconds=60)
    found = []
    asking = [threading.Thread(target=lambda: found.append(kept())) for _ in range(5)]
    for one in asking:
        one.start()
    may_end.set()
    for one in asking:
        one.join()

    assert (found, looks) == ([1] * 5, [1])


def test_what_is_too_old_or_forgotten_is_looked_for_again():
    looks = iter(range(9))
    kept, never_kept = Kept(lambda: next(looks), seconds=60), Kept(lambda: next(looks), seconds=-1)

    assert [kept(), kept()] == [0, 0]
    kept.forget()
    assert kept() == 1
    assert [never_kept(), never_kept()] == [2, 3]
