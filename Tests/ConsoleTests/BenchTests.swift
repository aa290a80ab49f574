@testable import Console
import Foundation
import Testing

@Suite struct BenchTests {
  @Test func timesEveryKernelOnOneThreadAndOnAll() async throws {
    let test = TestSession()
    let result = try benchResult(try await test.run(":bench kernels quick"))
    #expect(result.peaks == nil)
    let kernels = Set(result.kernels.map { "\($0.kernel) \($0.shape.prefix { $0 != "×" })" })
    for kernel in ["f32", "bf16", "int8"] {
      #expect(kernels.isSuperset(of: ["\(kernel) product 1024", "\(kernel) product 50"]))
    }
    #expect(kernels.isSuperset(of: ["attention 50", "attention 577"]))
    #expect(kernels.isSuperset(of: ["f32 matrix × vector 1", "bf16 matrix × vector 1"]))
    for name in ["layer norm", "softmax", "GELU"] {
      #expect(kernels.contains { $0.hasPrefix(name) })
    }
    let rows = Dictionary(grouping: result.kernels) { "\($0.kernel) \($0.shape)" }
    for (row, kernels) in rows {
      #expect(kernels.map(\.threads) == [1, 2], "\(row)")
      for kernel in kernels {
        #expect(kernel.rate.isFinite && kernel.rate > 0 && kernel.best >= kernel.rate, "\(row)")
        #expect(kernel.ms.isFinite && kernel.ms > 0 && kernel.runs > 0, "\(row)")
        #expect(kernel.share == nil, "\(row)")
      }
    }
    // Every row is a line of the table that a reader sees.
    let lines = test.transcript().output.split(separator: "\n")
    for row in rows.keys {
      let words = row.split(separator: " ")
      #expect(lines.contains { line in words.allSatisfy { line.contains($0) } }, "\(row)")
    }
  }

  @Test func holdsKernelsAgainstTheLargerOfTwoPeaks() async throws {
    let folder = try Scratch()
    // The first call sees a busy machine; both must have been asked about the session's threads.
    let program = try executable(
      in: folder,
      """
      if [ -e "\(folder.path)/called" ]; then rate=4000; else rate=1000; fi
      touch "\(folder.path)/called"
      for threads in 1 $1; do
        echo '{"figure":"f32","threads":'$threads',"unit":"GF/s","value":'$rate'}'
        echo '{"figure":"bf16","threads":'$threads',"unit":"GF/s","value":null}'
        echo '{"figure":"tangents","threads":'$threads',"value":1}'
      done
      """)
    let test = TestSession()
    let line = ":bench kernels quick peaks=\(Launch.quoted(program))"
    let result = try benchResult(try await test.run(line, origin: .prompt))
    #expect(result.peaks?.map(\.rate) == [4000, 4000])
    #expect(result.peaks?.map(\.threads) == [1, 2])
    for kernel in result.kernels {
      if kernel.bound == .f32 {
        #expect(kernel.share == kernel.rate / 4000)
      } else {
        #expect(kernel.share == nil)
      }
    }
    #expect(test.transcript().output.contains("4000.0 GF/s"))
    #expect(test.transcript().output.contains("no such instruction"))
  }

  @Test(arguments: [
    ("echo nonsense", "not understood"),
    (#"echo '{"figure":"f32","threads":1,"value":-3}'"#, "above zero"),
    (#"echo '{"figure":"f32","threads":1}'; exit 3"#, "status 3"),
    ("yes", "bytes"),
  ])
  func refusesProgramsThatMeasureNothing(_ script: String, _ expected: String) async throws {
    let folder = try Scratch()
    let program = try executable(in: folder, script)
    let record = try await TestSession().run(
      ":bench kernels quick peaks=\(Launch.quoted(program))", origin: .prompt)
    #expect(record.failure?.code == "bench.peaks")
    #expect(record.failure?.message.contains(expected) == true, "\(record.failure as Any)")
    #expect(record.failure?.message.contains(program) == true)
  }

  @Test func namesAProgramThatIsNotThere() async throws {
    let record = try await TestSession().run(
      ":bench kernels quick peaks=/nonexistent/peaks", origin: .prompt)
    #expect(record.failure?.code == "bench.peaks")
    #expect(record.failure?.message.contains("/nonexistent/peaks") == true)
  }

  @Test func runsNoProgramForAScript() async throws {
    let folder = try Scratch()
    let program = try executable(in: folder, "touch \"\(folder.path)/called\"")
    let line = ":bench kernels quick peaks=\(Launch.quoted(program))"
    let test = TestSession()
    #expect(try await test.run(line).failure?.code == "shell.refused")
    // Nor for one that is called from the prompt.
    let script = try folder.write("script.gaze", line + "\n")
    _ = try await test.run(":source \(Launch.quoted(script))", origin: .prompt)
    #expect(test.codes.contains("shell.refused"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("called")))
  }

  @Test func endsTheProgramWhenInterrupted() async throws {
    let folder = try Scratch()
    let program = try executable(
      in: folder, "echo $$ > \"\(folder.path)/process\"; exec sleep 600")
    let test = TestSession()
    async let record = test.run(
      ":bench kernels quick peaks=\(Launch.quoted(program))", origin: .prompt)
    var process: pid_t?
    while process == nil {
      try await Task.sleep(for: .milliseconds(5))
      let lines = (try? folder.text("process"))?.split(separator: "\n")
      process = lines?.first.flatMap { pid_t($0) }
    }
    test.session.interrupt()
    #expect(try await record.failure?.code == "interrupted")
    let ended = try #require(process)
    for _ in 0..<200 where kill(ended, 0) == 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(kill(ended, 0) == -1)
  }

  private func benchResult(_ record: Record) throws -> BenchResult {
    let outcome = try record.outcome.get()
    return try #require(outcome.result as? BenchResult)
  }

  /// A program in shell. Another process writes it: a test that starts one meanwhile would hold
  /// a file open for writing that this process wrote, and such a file cannot be run.
  private func executable(in folder: Scratch, _ script: String) throws -> String {
    let text = try folder.write("text", "#!/bin/sh\n" + script + "\n")
    let install = try Process.run(
      URL(filePath: "/usr/bin/install"), arguments: ["-m", "755", text, folder.file("peaks")])
    install.waitUntilExit()
    #expect(install.terminationStatus == 0)
    return folder.file("peaks")
  }
}
