extension PictureGathering {
  mutating func readFolder(_ path: String) throws(TrainingError) {}
}
