"""Heavy work in a child process, and stages sent to another worker.

Takes:    the name of a function (`package.module:function`) and a JSON payload.
Gives:    the function's JSON result; its progress, line by line, while it runs.
Promises: the child dies with its parent, is told to stop before it is killed, holds its devices' locks while it works,
          and its errors arrive as the project's own errors with the end of its log.
Refuses:  to hide a death: a killed or silent child is an error that names its signal and its log file.
"""
