"""One page that says what a run did and whether its model may serve.

Takes:    the references of every stage that ran, by role, the run's name, and what a person decided, if one was asked.
Gives:    `report.html` (one file: no network, no scripts) and `results.json` (the same figures for programs).
Promises: same stages, same bytes; a stage that did not run is said to be missing and never invented; text out of the
          data is shown as text, whatever it holds.
Refuses:  nothing that a finished run can contain: a rejected run gets its report as a released one does.
"""
