using System.Globalization;
using LuoInterop.Cli.Output;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using LuoInterop.MemoryImages;

namespace LuoInterop.Cli.Decode;

/// <summary>Writes a report for people.</summary>
/// <param name="report">The report.</param>
/// <param name="text">Where to.</param>
internal sealed class DecodeText(DecodeReport report, TextOutput text)
{
    private static readonly string[] s_columns = ["token>", "name", "size>", "position>", "folios", "seals"];

    public void Write()
    {
        text.Field("image", $"{report.Path}: {Words.Format(report.Image)}");
        if (!report.Image.IsComplete)
        {
            text.Field("", "It is cut off, or was not written to its end.", Tone.Caution);
        }

        WriteKernels();
        if (report.Chosen is not { } found)
        {
            text.Field("handover", report.Search.Scanned == 0 ? "none: the image has no memory" : "none found", Tone.Bad);
            text.Field("", "Memory of a kernel with kho=on has a root tree, unless a dump's filter took it.");
            return;
        }

        WriteHandover(found);
        foreach (DecodedSession session in report.Sessions)
        {
            WriteSession(session);
        }

        WriteFlbs(found.Handover);
        if (report.Faults.Count > 0)
        {
            text.Heading("damaged");
            foreach (HandoverFault fault in report.Faults)
            {
                text.Paragraph(Words.Fault(report.Image, fault), 2, Tone.Bad);
            }
        }

        WriteOthers();
        WriteAdvice();
    }

    private void WriteKernels()
    {
        if (report.Image.Release is { } release)
        {
            text.Field("kernel", $"Linux {release}");
        }
        else if (report.Search.Kernels.Count > 0)
        {
            text.Field(
                "kernel", "Linux " + string.Join(", ", report.Search.Kernels.Select(static kernel => kernel.Info.Release).Distinct()));
        }
    }

    private void WriteHandover(FoundHandover found)
    {
        Handover handover = found.Handover;
        text.Field(
            "handover",
            string.Create(CultureInfo.InvariantCulture, $"{handover.Tree.Compatible} at 0x{found.FdtAddress:x}, {Words.Stage(found)}"),
            found.Stage switch { HandoverStage.Written => Tone.Good, HandoverStage.NotWritten => Tone.Caution, _ => Tone.Bad });
        if (handover.Metadata is { } metadata)
        {
            text.Field("written by", $"Linux {Words.Text(metadata.PreviousRelease)}, for kexec {metadata.KexecCount}");
        }

        if (handover.Luo is { } luo)
        {
            text.Field("live update", luo.LiveUpdateNumber == 0
                ? $"{luo.Compatible}: found by its session blocks, the head was freed"
                : $"{luo.Compatible}, number {luo.LiveUpdateNumber}");
        }

        text.Field("preserved", handover.IsMapSound
            ? $"{TextOutput.Size(report.PreservedBytes)}: {Words.Orders(report.PreservedOrders)}"
            : "the map is freed by the kernel that was given it; folios are as their files say");
        text.Field("sub-trees", string.Join(", ", handover.Tree.SubTrees.Select(static tree => Words.Text(tree.Name))));
        long files = report.Sessions.Sum(static session => (long)session.Files.Count);
        text.Field(
            "sessions",
            $"{TextOutput.Count(report.Sessions.Count, "session")}, {TextOutput.Count(files, "file")}, "
            + $"{TextOutput.Size(report.FileBytes)} of "
            + "memory files");
    }

    private void WriteSession(DecodedSession session)
    {
        text.Heading($"session {Words.Text(session.Session.Record.Name)}");
        if (session.Files.Count > 0)
        {
            text.Table(s_columns, [.. session.Files.Select(file => Row(session, file))], 2);
        }
        else
        {
            text.Paragraph("no files", 2, Tone.Faint);
        }

        if (session.CatalogueFault is { } fault)
        {
            text.Paragraph(fault, 2, Tone.Caution);
        }

        foreach (DecodedFile file in session.Files)
        {
            if (file.File.Memfd is null)
            {
                string record = file.File.Preview is { } preview
                    ? $": {string.Join(", ", preview.Fields.Select(static field => $"{field.Key} {field.Value}"))}" : "";
                text.Paragraph(
                    $"{file.File.Record.Token}: {Words.Text(file.File.Record.Compatible)}, {Words.Handler(file.File.Record.Compatible)}"
                    + record, 2);
            }
            else if (Words.Gaps(report.Image, file) is { } gaps)
            {
                text.Paragraph($"{file.File.Record.Token}: {gaps}", 2, Tone.Bad);
            }
        }
    }

    private static string[] Row(DecodedSession session, DecodedFile file)
    {
        string token = file.File.Record.Token.ToString(CultureInfo.InvariantCulture);
        string name = file.Entry?.Name
            ?? (file.File.Record.Token == SessionCatalogue.Token && session.Catalogue is not null ? "(catalogue)" : "-");
        if (file.File.Memfd is not { } memfd)
        {
            return [token, name, "", "", "", Words.Text(file.File.Record.Compatible)];
        }

        string seals = file.File.Record.Compatible == MemfdLuoSerV1.MEMFD_LUO_FH_COMPATIBLE
            ? "not carried" : string.Join(' ', Words.Seals(memfd.Record.Seals));
        return
        [
            token, name, TextOutput.Size(memfd.Record.FileSize), memfd.Record.Pos.ToString(CultureInfo.InvariantCulture),
            Words.Orders(file.FolioOrders), seals.Length > 0 ? seals : "-",
        ];
    }

    private void WriteFlbs(Handover handover)
    {
        if (handover.Flbs.Count > 0)
        {
            text.Heading("file-lifecycle-bound objects");
            text.Table(
                ["name", "files>", "data>"],
                [.. handover.Flbs.Select(static flb => new[]
                {
                    Words.Text(flb.Name), flb.Count.ToString(CultureInfo.InvariantCulture),
                    string.Create(CultureInfo.InvariantCulture, $"0x{flb.Data:x}"),
                })],
                2);
        }
    }

    private void WriteOthers()
    {
        if (report.Search.Handovers.Count > 1)
        {
            text.Heading("also found");
            foreach (FoundHandover other in report.Search.Handovers.Skip(1))
            {
                text.Paragraph(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{other.Handover.Tree.Compatible} at 0x{other.FdtAddress:x}, {Words.Stage(other)}"), 2, Tone.Faint);
            }
        }
    }

    private void WriteAdvice()
    {
        if (report.Sessions.SelectMany(static session => session.Files).Any(static file => file.Pages.Excluded > 0))
        {
            text.Line();
            text.Paragraph(
                "Preserved memory is page cache to makedumpfile: a rescue needs a dump of level 1 at most (makedumpfile -d 1).",
                0, Tone.Caution);
        }
    }
}
