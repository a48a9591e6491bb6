using System.Globalization;
using LuoInterop.KernelImages;

namespace LuoInterop.Emulation.Previews.HugeTlb;

/// <summary>Reads <c>hugepagesz=</c>, <c>hugepages=</c> and <c>default_hugepagesz=</c> in their order
/// (mm/hugetlb.c of Linux 7.3).</summary>
/// <remarks>The machine has one node, number 0. Sizes are those of x86 (arch_hugetlb_valid_size): 2 MiB and 1 GiB.</remarks>
internal sealed class HugePagesParameters
{
    /// <summary>The order of 2 MiB, HUGETLB_PAGE_ORDER.</summary>
    public const int MiddleOrder = 9;

    /// <summary>The order of 1 GiB.</summary>
    public const int GiganticOrder = 18;

    // HUGE_MAX_CMDLINE_ARGS, 2 * HUGE_MAX_HSTATE + 1: further words are malformed early options.
    private const int MostWords = 5;
    private const int None = -1;
    private const int DefaultCount = -2;

    private readonly List<HstateRequest> _hstates = [];
    private readonly List<string> _log;
    private HstateRequest? _parsed;
    private HstateRequest? _default;
    private ulong _defaultMax;
    private ulong _defaultOnNode;
    private bool _hasDefaultSize;
    private bool _isSizeValid = true;
    private int _last = None;

    /// <summary>Reads a command line's parameters.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="log">Gets what the kernel says, without the level.</param>
    public HugePagesParameters(IEnumerable<KernelParameter> parameters, List<string> log)
    {
        _log = log;
        int count = 0;
        foreach (KernelParameter parameter in parameters)
        {
            Action<string>? setup = parameter.Is("hugepages") ? SetPages
                : parameter.Is("hugepagesz") ? SetSize
                : parameter.Is("default_hugepagesz") ? SetDefaultSize
                : null;
            if (setup is not null && parameter.Value is { } value && count++ < MostWords)
            {
                setup(value);
            }
        }

        Early = [.. _hstates];
    }

    /// <summary>Gets the pools that the command line names, in its order:
    /// those of which gigantic pages are allocated before the buddy allocator is.</summary>
    public IReadOnlyList<HstateRequest> Early { get; }

    /// <summary>Gets all pools once the page allocator runs (gigantic_pages_init, then hugetlb_init).</summary>
    /// <param name="standard">The pool of the default size.</param>
    public IReadOnlyList<HstateRequest> Complete(out HstateRequest standard)
    {
        Add(GiganticOrder);
        HstateRequest middle = Add(MiddleOrder);
        standard = _hasDefaultSize ? _default! : middle;
        if (!_hasDefaultSize && _defaultMax > 0)
        {
            if (middle.MaxHugePages > 0)
            {
                _log.Add($"HugeTLB: Ignoring hugepages={middle.MaxHugePages} associated with 2.00 MiB page size");
                _log.Add($"HugeTLB: Using hugepages={_defaultMax} for number of default huge pages");
            }

            middle.MaxHugePages = _defaultMax;
            middle.OnNode = _defaultOnNode;
        }

        return _hstates;
    }

    private HstateRequest Add(int order)
    {
        if (_hstates.Find(hstate => hstate.Order == order) is { } known)
        {
            return known;
        }

        var added = new HstateRequest(order);
        _hstates.Add(added);
        _parsed = added;
        return added;
    }

    // hugepages_setup.
    private void SetPages(string text)
    {
        if (!_isSizeValid)
        {
            _log.Add($"HugeTLB: hugepages={text} does not follow a valid hugepagesz, ignoring");
            _isSizeValid = true;
            return;
        }

        int target = _hstates.Count == 0 ? DefaultCount : _hstates.IndexOf(_parsed!);
        if (target == _last)
        {
            _log.Add($"HugeTLB: hugepages= specified twice without interleaving hugepagesz=, ignoring hugepages={text}");
            return;
        }

        if (TrySetPages(text, out string rest))
        {
            _last = target;
            return;
        }

        _log.Add($"HugeTLB: Invalid hugepages parameter {rest}");
        Change(0, 0);
    }

    private bool TrySetPages(string text, out string rest)
    {
        (ulong max, ulong onNode) = _hstates.Count == 0 ? (_defaultMax, _defaultOnNode) : (_parsed!.MaxHugePages, _parsed.OnNode);
        rest = text;
        while (rest.Length > 0)
        {
            bool isFirst = rest.Length == text.Length;
            if (!TryTakeNumber(ref rest, out ulong number))
            {
                return false;
            }

            if (!rest.StartsWith(':'))
            {
                // The whole machine's number stands alone; what follows its digits is not looked at.
                if (isFirst)
                {
                    Change(number, onNode);
                }

                return isFirst;
            }

            if (number != 0)
            {
                return false;
            }

            rest = rest[1..];
            if (!TryTakeNumber(ref rest, out onNode))
            {
                return false;
            }

            max += onNode;
            Change(max, onNode);
            if (!rest.StartsWith(','))
            {
                return true;
            }

            rest = rest[1..];
        }

        return true;
    }

    private void Change(ulong max, ulong onNode)
    {
        if (_hstates.Count == 0)
        {
            (_defaultMax, _defaultOnNode) = (max, onNode);
        }
        else
        {
            (_parsed!.MaxHugePages, _parsed.OnNode) = (max, onNode);
        }
    }

    // hugepagesz_setup.
    private void SetSize(string text)
    {
        _isSizeValid = false;
        if (OrderOf(KernelParameter.MemParse(text, out _)) is not { } order)
        {
            _log.Add($"HugeTLB: unsupported hugepagesz={text}");
            return;
        }

        if (_hstates.Find(hstate => hstate.Order == order) is { } known)
        {
            if (!_hasDefaultSize || known != _default || known.MaxHugePages > 0)
            {
                _log.Add($"HugeTLB: hugepagesz={text} specified twice, ignoring");
                return;
            }

            _parsed = known;
        }
        else
        {
            Add(order);
        }

        _isSizeValid = true;
    }

    // default_hugepagesz_setup.
    private void SetDefaultSize(string text)
    {
        _isSizeValid = false;
        if (_hasDefaultSize)
        {
            _log.Add($"HugeTLB: default_hugepagesz previously specified, ignoring {text}");
            return;
        }

        if (OrderOf(KernelParameter.MemParse(text, out _)) is not { } order)
        {
            _log.Add($"HugeTLB: unsupported default_hugepagesz={text}");
            return;
        }

        _default = Add(order);
        _isSizeValid = true;
        _hasDefaultSize = true;
        if (_defaultMax > 0)
        {
            (_default.MaxHugePages, _default.OnNode) = (_defaultMax, _defaultOnNode);
            _defaultMax = 0;
        }
    }

    private static int? OrderOf(ulong size) => size switch
    {
        2UL << 20 => MiddleOrder,
        1UL << 30 => GiganticOrder,
        _ => null,
    };

    // sscanf("%lu%n"); a number that does not fit is as large as can be.
    private static bool TryTakeNumber(ref string text, out ulong number)
    {
        int end = 0;
        number = 0;
        for (; end < text.Length && char.IsAsciiDigit(text[end]); end++)
        {
            ulong digit = (ulong)(text[end] - '0');
            number = number > (ulong.MaxValue - digit) / 10 ? ulong.MaxValue : (number * 10) + digit;
        }

        text = text[end..];
        return end > 0;
    }
}
