"""How an answer is scored: one module for each kind of metric, chosen for each source of the data.

Takes:    answered questions (`Item`) and the choices of metrics, among them those that other packages bring.
Gives:    a `Score` for each item and a `Summary` for all of them; every figure lies in 0 to 1 and more is better.
Promises: the same items give the same scores, but for a judge's, which asks another model; the deciding figure is a
mean
          over items, so that two models can be compared pair by pair; nothing that a model wrote is run, unless its
          unit tests are asked for, and then without network, files or other processes in sight.
Refuses:  a choice that cannot work, before anything is asked: files out of reach or of the wrong form, fields that no
          expected answer has, a judge's address that nobody allowed, code to be run where nothing can hold it.
"""
