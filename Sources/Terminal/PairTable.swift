/// The colour pairs that a terminal's pair numbers stand for at present.
///
/// Pair 0 is the terminal's own. When all numbers are taken, one that the present frame has not
/// used is given away; curses then sends anything still shown with it again.
struct PairTable {
  struct Colors: Hashable {
    let foreground: Int
    let background: Int
  }

  /// What to do for a pair of colours: use `number`, after defining it when it `isNew`.
  struct Entry: Hashable {
    let number: Int
    let isNew: Bool
  }

  /// Pair numbers are below this.
  let limit: Int
  private var numbers: [Colors: Int] = [:]
  /// By pair number: its colours and the frame that last used it.
  private var owners: [(colors: Colors, frame: Int)]
  private var frame = 0
  private var hand = 1

  init(limit: Int) {
    self.limit = max(1, limit)
    owners = [(Colors(foreground: -1, background: -1), 0)]
  }

  mutating func beginFrame() { frame += 1 }

  /// The pair for two colours, or nil when this frame has used up every number.
  mutating func entry(foreground: Int, background: Int) -> Entry? {
    let colors = Colors(foreground: foreground, background: background)
    if foreground < 0, background < 0 { return Entry(number: 0, isNew: false) }
    if let number = numbers[colors] {
      owners[number].frame = frame
      return Entry(number: number, isNew: false)
    }
    let number: Int
    if owners.count < limit {
      number = owners.count
      owners.append((colors, frame))
    } else {
      guard let victim = leftOver() else { return nil }
      numbers[owners[victim].colors] = nil
      owners[victim] = (colors, frame)
      number = victim
    }
    numbers[colors] = number
    return Entry(number: number, isNew: true)
  }

  /// A number that this frame has not used: the hand of a clock goes round once at most.
  private mutating func leftOver() -> Int? {
    for _ in 1..<max(1, limit) {
      if hand >= owners.count { hand = 1 }
      defer { hand += 1 }
      if hand < owners.count, owners[hand].frame != frame { return hand }
    }
    return nil
  }
}
