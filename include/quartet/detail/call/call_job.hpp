// include/quartet/detail/call/call_job.hpp
//
// One call as a job of one task.
#pragma once

#include <quartet/backend/model.hpp>
#include <quartet/call_options.hpp>
#include <quartet/detail/call/any_inputs.hpp>
#include <quartet/detail/call/call_memory.hpp>
#include <quartet/detail/call/kept_call.hpp>
#include <quartet/detail/call/map_job.hpp>
#include <quartet/outcome.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace quartet::inline v0::detail {

/// The sink of one task.
template <class R>
class single_sink : public any_sink<R> {
public:
    using any_sink<R>::set;
    void set(std::size_t, value_or_nothing<R>&& result) override { result_.emplace(std::move(result)); }
    void fail(failure why) override { result_.emplace(std::move(why)); }

    outcome<R> take() { return *std::exchange(result_, std::nullopt); }

    /// The failure that nobody has taken, or null.
    failure const* untaken() const noexcept { return result_ && !*result_ ? &result_->error() : nullptr; }

protected:
    ~single_sink() = default;

private:
    std::optional<outcome<R>> result_;
};

/// The input of one task.
template <class In>
class single_input : public any_inputs<In> {
public:
    explicit single_input(In&& input) : input_(std::move(input)) {}
    In const& operator[](std::size_t) const override { return input_; }

protected:
    ~single_input() = default;

private:
    In input_;
};

/// One call as a job of one task. Its input and sink are without their types: a virtual call or two are
/// little beside its allocation, and its body is compiled once less.
template <class Body, class In, class R>
class call_job final : private single_input<In>,
                       private single_sink<R>,
                       public any_map_job<Body, In>,
                       public kept_call<R> {
    using inputs = any_inputs<In>;
    using sink = single_sink<R>;
    using base = any_map_job<Body, In>;

public:
    call_job(Body const& body, In&& input, call_options const& options)
        : single_input<In>(std::move(input)),
          sink(),
          base(body, static_cast<inputs const&>(*this), 1, static_cast<any_sink<R>&>(*this), options.failure,
               options.task_timeout) {}

    ~call_job() override {
        if (failure const* const why = this->untaken()) this->report(*why);
    }

    /// Throws what model::start throws.
    static std::shared_ptr<call_job> begin_under(model& how, Body const& body, In&& input,
                                                 call_options const& options) {
        auto made =
            std::allocate_shared<call_job>(call_allocator<call_job>(), body, std::move(input), options);
        made->kept_call<R>::begin(how, options, made);
        return made;
    }

    outcome<R> take() override { return sink::take(); }

private:
    job& work() noexcept override { return *this; }
};

}  // namespace quartet::inline v0::detail
