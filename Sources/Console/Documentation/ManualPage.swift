/// `gaze(1)`, in the man macros that groff and mandoc both read.
package enum ManualPage {
  package static func text(_ flags: [FlagDescription]) -> String {
    var page = """
      .\\" Written by `gaze documentation man` from the command table; edit that instead.
      .TH GAZE 1
      .SH NAME
      gaze \\- a terminal lab for multimodal models
      .SH SYNOPSIS
      .B gaze
      .RI [ OPTION ]...\\& " " [ SCRIPT ]...
      .br
      .B gaze inspect
      .RI [ --json ] " " CHECKPOINT
      .br
      .B gaze train
      .RI [ --steps " " N ] " " [ --resume ] " " [ --json ] " " [ --stream ] " " RECIPE
      .SH DESCRIPTION
      In a terminal,
      .B gaze
      opens a session: pictures are staged, labels ranked, attention looked at, each by a typed
      command. Otherwise, or with
      .BR \\-\\-batch ,
      it runs its scripts, or the commands on its standard input, and prints what they find.
      .SH OPTIONS

      """
    for flag in flags { page += item(flag.usage, flag.summary) }
    page += ".SH COMMANDS\n"
    for signature in CommandReference.signatures {
      page += item(signature.usage, signature.summary)
      for parameter in signature.parameters {
        page += ".RS\n" + item(parameter.usage, parameter.summary) + ".RE\n"
      }
    }
    page += ".SH SETTINGS\n"
    for setting in SettingDescription.all {
      page += item(":set \(setting.name) \(setting.placeholder)", setting.summary)
    }
    page += ".SH EXIT STATUS\nThe first of these that applies:\n"
    for (code, meaning) in CommandReference.exitCodes { page += item(code, meaning) }
    page += """
      .SH ENVIRONMENT
      .TP
      .B GAZE_ISA
      The instruction set to compute with, such as portable.
      .TP
      .B GAZE_RESOURCES
      The folder of what comes with Gaze.
      .TP
      .BR HF_HUB_CACHE ", " HF_HOME
      Where checkpoints of Hugging Face are looked for. Nothing is ever downloaded.
      .TP
      .B NO_COLOR
      No colours, if it is set and not empty.
      .SH FILES
      .TP
      .I $XDG_CONFIG_HOME/gaze/init.gaze
      Commands that a session in a terminal begins with.
      .TP
      .I $XDG_STATE_HOME/gaze/history
      The lines that were typed.

      """
    return page
  }

  private static func item(_ term: String, _ text: String) -> String {
    ".TP\n.B \"\(escaped(term).replacing("\"", with: "\\(dq"))\"\n\(escaped(text))\n"
  }

  /// Text in which nothing is a request or an escape.
  private static func escaped(_ text: String) -> String {
    let plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
      .replacing("`", with: "").replacing("…", with: "...")
    let safe = plain.unicodeScalars.map { scalar in
      scalar.isASCII
        ? String(scalar)
        : "\\[u" + String(scalar.value, radix: 16, uppercase: true).leftPadded + "]"
    }.joined()
    return safe.hasPrefix(".") || safe.hasPrefix("'") ? "\\&" + safe : safe
  }
}

extension String {
  /// At least four digits, as groff's names of characters have.
  fileprivate var leftPadded: String { String(repeating: "0", count: max(0, 4 - count)) + self }
}
