"""The base model as a directory with a digest.

Takes:    the embedded model's name, a local folder, or a Hugging Face id with a revision.
Gives:    a directory whose `base.json` says where the weights lie and pins every file by digest; the embedded model's
          weights lie in the directory itself.
Promises: safetensors only, no remote code, the revision that was really read, the licence that the model states and
          never a guessed one; offline where the files are at hand.
Refuses:  folders outside the allowed roots, pickled weights, a tokenizer without a chat template.
"""
