# The batch: claim each token, do the work for all together, and one by one where that fails.

OPERATIONS = {
    'createOrder': (plan_create_order, apply_create_order),
    'completeOrder': (plan_complete_order, apply_complete_order),
    'correctCompletion': (plan_correct_completion, apply_correct_completion),
    'consumeMaterial': (plan_consume_material, apply_consume_material),
    'moveStock': (plan_move_stock, apply_move_stock),
    'placeHold': (plan_place_hold, apply_place_hold),
    'releaseHold': (plan_release_hold, apply_release_hold),
    'setStock': (plan_set_stock, apply_set_stock),
    'scrap': (plan_scrap, apply_scrap),
    'logWorkTime': (plan_log_work_time, apply_log_work_time),
    'logDowntime': (plan_log_downtime, apply_log_downtime),
    'requestMaintenance': (plan_request_maintenance, apply_request_maintenance),
    'alertPlanner': (plan_alert_planner, apply_alert_planner),
    'saveProduct': (plan_save_product, apply_save_product),
    'saveBillOfMaterials': (plan_save_bill_of_materials, apply_save_bill_of_materials),
}

results = {}
failed_keys = {}


def settle(plan, record, receipt, detail):
    plan['result'] = {'token': plan['token'], 'status': 'done', 'receipt': receipt or '', 'model': str(record).split('(')[0],
                      'id': record.id or 0, 'detail': detail}


def run_rounds(items):
    waiting = items
    while waiting:
        now, later, keys = [], [], []
        for item in waiting:
            if item['key'] in keys:
                later.append(item)
            else:
                keys.append(item['key'])
                now.append(item)
        now = [item for item in now if not skipped(item)]
        later = run_set(now) + later
        waiting = later


def skipped(item):
    if item['token'] in results:
        return True
    before = failed_keys.get(item['key'])
    if before:
        results[item['token']] = {'token': item['token'], 'status': 'skipped',
                                  'message': 'An earlier item of the same key failed: %s' % before}
    return bool(before)


def run_set(items):
    # Returns the items that have to wait for another one of this set.
    memory.clear()
    plans, deferred, locks = [], [], []
    for item in items:
        plan = planned(item)
        if plan and plan.get('lock') in locks:
            deferred.append(item)
        elif plan:
            plans.append(plan)
            if plan.get('lock'):
                locks.append(plan['lock'])
    if plans:
        apply_together(plans)
    return deferred


def planned(item):
    plan = {'token': item['token'], 'key': item['key'], 'value': item['value']}
    try:
        OPERATIONS[request['operation']][0](plan)
        return plan
    except Exception as error:
        fail(item, error)
        return False


def apply_together(plans):
    step = env.cr.savepoint()
    try:
        claim(plans)
        OPERATIONS[request['operation']][1](plans)
        env.cr.flush()
        write_receipts(plans)
        step.close(rollback=False)
    except Exception as error:
        if must_retry(error):
            raise
        step.close(rollback=True)
        if len(plans) == 1:
            fail(plans[0], error)
        else:
            half = len(plans) // 2
            run_set(plans[:half])
            run_set(plans[half:])
        return
    for plan in plans:
        results[plan['token']] = plan['result']


def claim(plans):
    # A token that another transaction has just claimed ends this one with a serialization failure; Odoo runs it again,
    # and then the token is known.
    rows = []
    for plan in plans:
        rows = rows + [plan['token'], request['operation'], env.uid, env.uid]
    env.cr.execute(
        "insert into x_lineshaft_operation (x_name, x_operation, create_uid, write_uid, create_date, write_date) values "
        + ', '.join(["(%s, %s, %s, %s, now() at time zone 'UTC', now() at time zone 'UTC')"] * len(plans))
        + " on conflict (x_name) do nothing returning x_name", rows)
    if len(env.cr.fetchall()) != len(plans):
        refuse('value-invalid', 'A token was claimed twice within one call.')


def write_receipts(plans):
    rows = []
    for plan in plans:
        result = plan['result']
        rows = rows + [result['token'], result['receipt'], result['model'], result['id'], plan.get('about'), plan.get('kept')]
    env.cr.execute(
        "update x_lineshaft_operation set x_receipt = given.receipt, x_model = given.model, x_res_id = given.id,"
        " x_about = given.about, x_kept = given.kept from (values "
        + ', '.join(['(%s, %s, %s, %s::int4, %s::varchar, %s::text)'] * len(plans))
        + ") as given (token, receipt, model, id, about, kept) where x_name = given.token", rows)


def must_retry(error):
    # Serialization failure, deadlock, lock not available: the whole transaction is run again, by Odoo first, then by the hub.
    try:
        return (error.pgcode or '')[:2] == '40' or error.pgcode == '55P03'
    except Exception:
        return False


def fail(item, error):
    if must_retry(error):
        raise error
    told = error.args and error.args[0]
    if isinstance(told, dict) and 'reason' in told:
        reason, message = told['reason'], told['message']
    elif isinstance(error, UserError):
        reason, message = 'odoo-refused', str(error)
    else:
        reason, message = 'odoo-failed', repr(error)[:500]
    results[item['token']] = {'token': item['token'], 'status': 'rejected', 'reason': reason, 'message': message}
    failed_keys[item['key']] = message


def known_tokens(items):
    env.cr.execute(
        "select x_name, x_receipt, x_model, x_res_id from x_lineshaft_operation where x_name in %s",
        [tuple([item['token'] for item in items])])
    for row in env.cr.fetchall():
        results[row[0]] = {'token': row[0], 'status': 'duplicate', 'receipt': row[1] or '', 'model': row[2] or '', 'id': row[3] or 0}


def company_of(name):
    if not name:
        return env.user.company_id
    found = env.user.company_ids.filtered_domain([('name', '=', name)])
    if not found:
        raise UserError('The user %s does not belong to a company %s.' % (env.user.login, name))
    return found[0]


def answers(items):
    told, seen = [], []
    for item in items:
        result = results[item['token']]
        if item['token'] in seen and result['status'] == 'done':
            result = {'token': result['token'], 'status': 'duplicate', 'receipt': result['receipt'],
                      'model': result['model'], 'id': result['id']}
        seen.append(item['token'])
        told.append(result)
    return told


request = env.context.get('lineshaft')
if not request:
    raise UserError('This action works for Lineshaft only; it does nothing when it is started by hand.')
if request['protocol'] != LINESHAFT_PROTOCOL:
    raise UserError('This action speaks protocol %s, the caller %s.' % (LINESHAFT_PROTOCOL, request['protocol']))
company = company_of(request.get('company'))
env = env(su=True, context={
    'lang': 'en_US', 'tz': 'UTC', 'allowed_company_ids': company.ids, 'tracking_disable': True, 'mail_notrack': True})
company = company.with_env(env)
items = request['items']
known_tokens(items)
first = []
for item in items:
    if item['token'] not in results and item['token'] not in [other['token'] for other in first]:
        first.append(item)
run_rounds(first)
action = {'lineshaft': {'protocol': LINESHAFT_PROTOCOL, 'code': LINESHAFT_CODE, 'results': answers(items)}}
