extension PictureGathering {
  mutating func readShard(_ path: String) throws(TrainingError) {}
}
