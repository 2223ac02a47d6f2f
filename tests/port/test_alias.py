"""`install()` makes `torch` mean facade: the same modules under a second name, and no trace after `uninstall()`."""

import textwrap


def check(python, program):
    finished = python("-c", textwrap.dedent(program))
    assert finished.returncode == 0, finished.stderr


def test_every_form_of_import_gives_facades_own_modules(python):
    check(
        python,
        """
        import sys
        import facade
        facade.install()
        loaded = {name for name in sys.modules if name.startswith("facade")}

        import torch
        import torch.autograd
        import torch.autograd as aliased
        from torch import autograd
        from torch.optim import SGD

        assert torch is facade and torch.__name__ == "facade"
        assert torch.autograd is aliased is autograd is sys.modules["torch.autograd"] is facade.autograd
        assert SGD is facade.optim.SGD
        assert autograd.__spec__.name == autograd.__name__ == "facade.autograd"
        assert loaded == {name for name in sys.modules if name.startswith("facade")}
        """,
    )


def test_a_submodule_imported_late_is_executed_once(python, tmp_path):
    (tmp_path / "imported_late.py").write_text("print('executed as', __name__)")
    finished = python(
        "-c",
        textwrap.dedent(
            """
            import facade
            facade.__path__.append(".")
            facade.install()
            import torch.imported_late
            import facade.imported_late
            assert torch.imported_late is facade.imported_late
            """
        ),
    )
    assert (finished.returncode, finished.stdout) == (0, "executed as facade.imported_late\n"), finished.stderr


def test_a_module_made_at_run_time_is_found(python):
    check(
        python,
        """
        import sys, types
        import facade
        made = facade.made = sys.modules["facade.made"] = types.ModuleType("facade.made")
        facade.install()
        import torch.made as aliased
        assert aliased is made and made.__spec__ is None
        """,
    )


def test_a_missing_submodule_is_named_as_the_program_names_it(python):
    check(
        python,
        """
        import facade
        facade.install()
        for name in ("torch.no_such_module", "torch.autograd.no_such_module"):
            try:
                __import__(name)
            except ModuleNotFoundError as error:
                assert error.name == name
                assert str(error).startswith(f"No module named '{name}'")
                assert "facade" in str(error) and "has no such module" in str(error)
            else:
                raise AssertionError(name)
        """,
    )


def test_a_module_that_is_left_out_can_be_imported_and_refuses_to_be_used(python):
    check(
        python,
        """
        import sys
        import facade
        with facade.install():
            import torch.distributed as dist
            import torch.distributed.algorithms.join, torch.fx
            from torch.distributed import init_process_group
            assert dist is torch.distributed and not dist.is_available()
            for use in (lambda: dist.all_reduce(1), init_process_group, lambda: torch.fx.symbolic_trace(1)):
                try:
                    use()
                except NotImplementedError as error:
                    assert "facade does not support torch." in str(error)
                else:
                    raise AssertionError("was used")
            for name in ("torch.SymInt", "torch.relu"):
                try:
                    __import__(name)
                except ModuleNotFoundError as error:
                    assert error.name == name
                else:
                    raise AssertionError(name)
        assert not [name for name in sys.modules if name.startswith("torch")]
        """,
    )


def test_uninstall_puts_everything_back_and_both_may_be_repeated(python):
    check(
        python,
        """
        import sys
        import facade

        def state():
            return list(sys.meta_path), {name: module for name, module in sys.modules.items() if name.startswith(("torch", "facade"))}

        before = state()
        facade.uninstall()
        assert state() == before
        for _ in range(2):
            facade.install()
            facade.install()
            import torch.autograd
            facade.uninstall()
            facade.uninstall()
            assert state() == before
        """,
    )


def test_as_a_context_manager_it_lasts_for_the_outermost_block(python):
    check(
        python,
        """
        import sys
        import facade

        with facade.install() as torch:
            assert torch is facade
            with facade.install():
                import torch.autograd
            assert sys.modules["torch"] is facade
        assert not any(name.startswith("torch") for name in sys.modules)

        facade.install()
        with facade.install():
            pass
        assert sys.modules["torch"] is facade
        """,
    )


def test_a_real_torch_in_the_process_is_refused(python, tmp_path):
    (tmp_path / "torch.py").write_text("")  # what counts is that the name is taken
    check(
        python,
        """
        import sys
        import torch
        import facade
        before = list(sys.meta_path)
        try:
            facade.install()
        except RuntimeError as error:
            assert "already imported" in str(error) and "facade run" in str(error)
        else:
            raise AssertionError("installed beside torch")
        assert sys.meta_path == before and sys.modules["torch"] is torch is not facade
        """,
    )


def test_an_installed_torch_that_is_not_imported_is_passed_over(python, tmp_path):
    (tmp_path / "torch.py").write_text("raise AssertionError('the real torch was imported')")
    check(python, "import facade; facade.install(); import torch; assert torch is facade")
