print("gaze")
