using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.Contract.Tests;

/// <summary>Holds what a payload in a VM reported of one test.</summary>
internal static class ReportCheck
{
    public static void HasPassed(this VmResult result, string test)
    {
        GuestReport? report = result.Reports.SingleOrDefault(report => report.Test == test);
        Assert.True(report is not null, $"The VM ended without a word of {test}. {result}");
        Assert.True(report.Outcome == GuestOutcome.Passed, report.Message);
    }
}
